"""From a forge to the inbox: looks at repositories, tells what happened there, and puts work down. Only ever reads."""

from foreman.poller.backfill import Backfill
from foreman.poller.discovery import Discovery
from foreman.poller.looking_back import LookingBack
from foreman.poller.lull import Lull
from foreman.poller.poller import Poller, PollReport
from foreman.poller.project_files import ProjectFiles

__all__ = ["Backfill", "Discovery", "LookingBack", "Lull", "PollReport", "Poller", "ProjectFiles"]
