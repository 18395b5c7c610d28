"""Label priors at work: who learns together, when they are trained again, and what they say of an issue."""

from foreman.priors.asking import Priors
from foreman.priors.describing import LabelStory, PoolStory, RepoStory, describe
from foreman.priors.retraining import Retraining

__all__ = ["LabelStory", "PoolStory", "Priors", "RepoStory", "Retraining", "describe"]
