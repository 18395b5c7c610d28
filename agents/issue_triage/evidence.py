"""The words by which the facts of a bug report are found, in the languages that are answered in. Tables, no logic."""

from __future__ import annotations

import re

_HEADINGS = {
    "version": "version|environment|operating system|platform|system info|umgebung|betriebssystem|versión|entorno|"
    "versão|ambiente|environnement|système|версия|окружение|版本|环境|バージョン|環境"
    "|versione|sistema operativo|버전|환경|운영 ?체제",
    "steps": "reproduc|steps|schritte|reproduzier|étapes|reproduire|pasos|passos|reproduz|шаги|воспроизв|"
    "重现|复现|步骤|再現|手順|passaggi|riprodu|재현|단계|절차",
    "expected": "expect|erwart|soll-?verhalten|attendu|esperad|ожида|期望|预期|期待|attes[oa]|기대|예상",
    "actual": "actual|what happen|current behavio|describe the bug|bug description|what went wrong|tatsächlich|"
    "was passiert|constaté|obtenu|observé|ocurre|acontece|фактическ|что происходит|实际|実際|問題の内容|"
    "effettiv|succede|실제|현상|문제 설명",
    "log": "logs?\\b|traceback|stack ?trace|console output|log output|error message|fehlermeldung|journal|registro|"
    "журнал|日志|ログ|messaggio di errore|로그|오류 메시지",
}
HEADING_OF = {name: re.compile(words) for name, words in _HEADINGS.items()}
"""What a heading asks for, by name of the fact."""

EVIDENCE = {
    "version": re.compile(
        r"\bv\d+(?:\.\d+)*\b|\bversion\s?: ?[a-z]|\b\d+\.\d+\.\d+"
        r"|\b(?:version|release|node|python|java|php|ruby|rust|go|chrome|firefox|safari"
        r"|ios|android|macos|ubuntu|debian|fedora|windows|versión|versão|версии|версия|versione)\s*:?\s*v?\d|\b\d+\.\d+\b"
        r"|\b(?:nightly|latest (?:version|release|main|master)|commit [0-9a-f]{7}|(?:on|at|from) (?:main|master))\b"
        r"|版本\s*[:\uff1a]?\s*v?\d|バージョン\s*[:\uff1a]?\s*v?\d|버전\s*:?\s*v?\d"
    ),
    "steps": re.compile(
        r"\b(?:steps|reproduc\w*|repro|when(?:ever)?|after|each time|every time|as soon as|if) "
        r"(?:i|you|we|the|a|an|it|to|\w+ing)\b|\bto reproduce|\bsteps to\b|(?:^|\s)1[.)] .{3,400}?\s2[.)] "
        r"|\b(?:run|ran|running|click|clicked|press|pressed|open|opened|call|called|calling|install|installed) \S+"
        r"|\b(?:wenn|sobald|nachdem|beim|lorsque|quand|après|cuando|después|quando|depois|dopo|appena|если|когда|после)\b"
        r"|如果|点击|之后|的时候|すると|とき|後に|クリック|하면|할 때|한 후|클릭|누르|눌러"
    ),
    "expected": re.compile(
        r"\b(?:expect\w*|should|supposed to|instead of|rather than|erwart\w*|sollte\w*|anstatt|attend\w*|devrait"
        r"|au lieu|esper\w*|debería|en lugar|deveria|em vez|ожида\w*|долж\w*|вместо"
        r"|dovrebbe|invece di|mi aspett\w*)\b|应该|预期|期望|はず|期待|기대|예상|해야"
    ),
    "log": re.compile(r"(?:error|exception|fehler|erreur)\s?: \S+ \S+"),
    "actual": re.compile(
        r"\b(?:is|are|was|were|do|does|did)(?: ?n[o']t| not)\b(?! work)"
        r"|\b(?:but|instead|crash\w*|error\w*|exception\w*|fail\w*|hang\w*|freez\w*|froze|wrong|empty|blank|nothing|"
        r"returns?|shows?|prints?|gets?|throws?|raises?|disappear\w*|ignored?|stuck|slow\w*|aber|stürzt|fehler\w*|"
        r"bleibt|hängt|zeigt|mais|erreur\w*|plante|affiche|pero|falla|muestra|mas|erro|falha|mostra|но|ошибк\w*|"
        r"падает|вылетает|зависает|invece|errore|mostra|si blocca|si chiude)\b|崩溃|错误|报错"
        r"|无法|不能|失败|クラッシュ|エラー|できません|落ち|固ま|오류|에러"
        r"|멈|튕|종료"
    ),
}
CRASH = re.compile(
    r"\b(?:crash\w*|error\w*|exception\w*|panic\w*|segfault\w*|abst[uü]rz\w*|stürzt|fehler\w*|erreur\w*|plante|"
    r"falla|erro|trava|ошибк\w*|падает|вылетает|errore|si blocca)\b|崩溃|错误|报错|クラッシュ|エラー|오류|에러|튕"
)
TROUBLE = re.compile(
    CRASH.pattern
    + r"|\b(?:bug|broken|fails?|failed|failing|hangs?|freezes?|frozen|wrong|regression|(?:does|do|did|is|"
    r"are) ?n(?:o|')t (?:work|load|start|open|respond|display|show)\w*|(?:does|do|did|is|are) not (?:work|load|start|"
    r"open|respond|display|show)\w*|stopped working|funktioniert nicht|geht nicht|kaputt|ne (?:fonctionne|marche) pas|"
    r"no funciona|não funciona|не работает|не открывается|non funziona|non si apre)\b"
    r"|不工作|无法|没有反应|動かない|動作しない|動きません|できません|작동하지|동작하지|안 ?됩니다|안 ?돼요|열리지 않"
)


WISH = re.compile(
    r"^(?:\[[^\[\]]{1,30}\]\s*|\w{1,20}:\s*)?(?:add|allow|improve|support|split|remove|replace|rename|make|use|implement"
    r"|introduce|document|refactor|provide|enable|how|why|where|can|could|is it|is there|what|feature|request|proposal"
    r"|question|would be)\b"
)
