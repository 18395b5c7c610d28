"""Chinese, in simplified characters."""

from agents.issue_triage.texts.base import Texts

TEXTS = Texts(
    name="Chinese",
    missing="目前的信息还不足以排查这个问题。请补充：",
    facts={
        "version": "使用的版本和操作系统",
        "steps": "具体的操作步骤",
        "expected": "预期的结果",
        "actual": "实际的结果",
        "log": "完整的错误信息或日志",
    },
    reminder="这个问题还存在吗？",
    owed="已经有 {days} 天没有收到回复。",
    short="简短回复一句即可保持打开。",
    will_close="如果没有回复，将会关闭。",
    closed="因为没有收到回复而关闭。如果问题仍然存在，请在这里说明，可以重新打开。",
    duplicates="这个问题可能已经有人报告过：",
    object_="如果不是同一个问题，请在这里说明。",
    duplicate_close="因此最早将在三天后关闭。如果不是同一个问题，请在此之前在这里说明，就会保持打开。",
    same_title="标题几乎相同",
    same_error="错误信息相同",
    cites="关于这一点，文档 {where} 写道：",
    security="感谢您关注本项目的安全。请不要在这里补充细节，请按照安全政策私下发送给维护者，以便在被他人利用之前修复。",
)
