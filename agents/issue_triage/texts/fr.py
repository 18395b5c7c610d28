"""French."""

from agents.issue_triage.texts.base import Texts

TEXTS = Texts(
    name="French",
    missing="Il manque encore de quoi examiner ce problème. Merci d'ajouter :",
    facts={
        "version": "la version utilisée et le système d'exploitation",
        "steps": "ce que vous avez fait, étape par étape",
        "expected": "ce que vous attendiez",
        "actual": "ce qui s'est passé à la place",
        "log": "le message d'erreur exact ou le journal",
    },
    reminder="Est-ce toujours un problème ?",
    owed="Une réponse manque depuis {days} jours.",
    short="Une courte réponse suffit pour que ceci reste ouvert.",
    will_close="Sans réponse, ce sera fermé.",
    closed="Fermé faute de réponse. Si cela se produit encore, dites-le ici et ce pourra être rouvert.",
    duplicates="Ceci est peut-être déjà connu :",
    object_="S'il s'agit d'autre chose, dites-le ici.",
    duplicate_close=(
        "Ce sera fermé pour cette raison dans trois jours au plus tôt. S'il s'agit d'autre chose, dites-le ici avant, "
        "et ceci restera ouvert."
    ),
    same_title="presque le même titre",
    same_error="le même message d'erreur",
    cites="À ce sujet, la documentation indique, dans {where} :",
    security=(
        "Merci de vous soucier de la sécurité de ce projet. N'ajoutez pas de détails ici : envoyez-les en privé aux "
        "mainteneurs, comme le dit la politique de sécurité, afin que ce soit corrigé avant que d'autres s'en servent."
    ),
)
