"""Label priors: which label people give to what, learned from their own issues. Pure; needs no other package."""

from foreman.learn.examples import Correction, Example, Prior, Proof
from foreman.learn.model import Model
from foreman.learn.telling import words
from foreman.learn.training import train

__all__ = ["Correction", "Example", "Model", "Prior", "Proof", "train", "words"]
