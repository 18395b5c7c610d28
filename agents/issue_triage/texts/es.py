"""Spanish."""

from agents.issue_triage.texts.base import Texts

TEXTS = Texts(
    name="Spanish",
    missing="Todavía falta información para investigar esto. Por favor, añade:",
    facts={
        "version": "la versión que usas y tu sistema operativo",
        "steps": "lo que hiciste, paso a paso",
        "expected": "lo que esperabas",
        "actual": "lo que ocurrió en su lugar",
        "log": "el mensaje de error exacto o el registro",
    },
    reminder="¿Sigue siendo un problema?",
    owed="Falta una respuesta desde hace {days} días.",
    short="Basta una respuesta breve para que esto siga abierto.",
    will_close="Sin ella se cerrará.",
    closed="Cerrado por falta de respuesta. Si todavía ocurre, dilo aquí y se podrá reabrir.",
    duplicates="Puede que esto ya se conozca:",
    object_="Si se trata de otra cosa, dilo aquí.",
    duplicate_close=(
        "Por eso se cerrará, como muy pronto dentro de tres días. Si se trata de otra cosa, dilo aquí antes y seguirá "
        "abierto."
    ),
    same_title="casi el mismo título",
    same_error="el mismo mensaje de error",
    cites="Sobre esto la documentación dice, en {where}:",
    security=(
        "Gracias por cuidar de la seguridad de este proyecto. Por favor, no añadas detalles aquí: envíalos en privado "
        "a los responsables, como dice la política de seguridad, para que se corrija antes de que otros lo aprovechen."
    ),
)
