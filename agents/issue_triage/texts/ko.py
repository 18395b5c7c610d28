"""Korean."""

from agents.issue_triage.texts.base import Texts

TEXTS = Texts(
    name="Korean",
    missing="아직 이 문제를 살펴보기에는 정보가 부족합니다. 다음을 추가해 주세요:",
    facts={
        "version": "사용 중인 버전과 운영 체제",
        "steps": "수행한 작업을 순서대로",
        "expected": "기대한 결과",
        "actual": "실제로 일어난 일",
        "log": "정확한 오류 메시지 또는 로그",
    },
    reminder="이 문제가 아직도 발생하나요?",
    owed="{days}일 동안 답변이 없었습니다.",
    short="짧은 답변만 있어도 이대로 열어 둡니다.",
    will_close="답변이 없으면 닫힙니다.",
    closed="답변이 없어 닫았습니다. 여전히 발생하면 여기에 알려 주세요. 다시 열 수 있습니다.",
    duplicates="이미 알려진 문제일 수 있습니다:",
    object_="다른 문제라면 여기에 알려 주세요.",
    duplicate_close="그래서 빠르면 사흘 뒤에 닫힙니다. 다른 문제라면 그 전에 여기에 알려 주세요. 그러면 열어 둡니다.",
    same_title="제목이 거의 같음",
    same_error="오류 메시지가 같음",
    cites="이에 대해 문서 {where}에 다음과 같이 적혀 있습니다:",
    security=(
        "이 프로젝트의 보안에 관심을 가져 주셔서 감사합니다. 자세한 내용은 여기에 더 적지 마시고, 보안 "
        "정책에 따라 관리자에게 비공개로 보내 주세요. 다른 사람이 악용하기 전에 고치기 위해서입니다."
    ),
)
