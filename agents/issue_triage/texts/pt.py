"""Portuguese."""

from agents.issue_triage.texts.base import Texts

TEXTS = Texts(
    name="Portuguese",
    missing="Ainda falta informação para investigar isto. Por favor, acrescente:",
    facts={
        "version": "a versão usada e o sistema operacional",
        "steps": "o que você fez, passo a passo",
        "expected": "o que você esperava",
        "actual": "o que aconteceu em vez disso",
        "log": "a mensagem de erro exata ou o log",
    },
    reminder="Isto ainda é um problema?",
    owed="Falta uma resposta há {days} dias.",
    short="Basta uma resposta curta para que isto fique aberto.",
    will_close="Sem ela, será fechado.",
    closed="Fechado por falta de resposta. Se ainda acontece, diga aqui e poderá ser reaberto.",
    duplicates="Isto talvez já seja conhecido:",
    object_="Se for outra coisa, diga aqui.",
    duplicate_close=(
        "Por isso será fechado, no mínimo daqui a três dias. Se for outra coisa, diga aqui antes disso e continuará "
        "aberto."
    ),
    same_title="quase o mesmo título",
    same_error="a mesma mensagem de erro",
    cites="Sobre isto a documentação diz, em {where}:",
    security=(
        "Obrigado por cuidar da segurança deste projeto. Por favor, não acrescente detalhes aqui: envie-os em privado "
        "aos mantenedores, como diz a política de segurança, para que seja corrigido antes que outros se aproveitem."
    ),
)
