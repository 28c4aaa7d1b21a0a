"""HTTP handlers of the Connections pages: sources, measurements, quarantine, imports, API keys, webhooks in both
directions, rules for series, ticket writers.
"""

from fastapi import APIRouter

from slm_console.pages.connections import (
    aside,
    hook_mappings,
    hooks,
    importing,
    imports,
    keys,
    measurements,
    pull_changes,
    pulls,
    series_rules,
    sources,
    unread,
    webhook_changes,
    webhooks,
    writer_changes,
    writers,
)

router = APIRouter()
# The pages of a hook's mapping come after its own, and those of an import after the form, whose "new" is no id.
for module in (
    sources,
    measurements,
    aside,
    unread,
    importing,
    imports,
    keys,
    hooks,
    hook_mappings,
    pulls,
    pull_changes,
    series_rules,
    webhooks,
    webhook_changes,
    writers,
    writer_changes,
):
    router.include_router(module.router)
