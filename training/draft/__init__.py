"""First drafts of `fields.yaml` and `rulebook.yaml` from a CRM's export, for people to edit."""

from training.draft.empty import draft_empty
from training.draft.fields import draft_fields
from training.draft.rulebook import draft_rulebook
from training.draft.workspace import draft_workspace
from training.draft.write import write_drafts

__all__ = ["draft_empty", "draft_fields", "draft_rulebook", "draft_workspace", "write_drafts"]
