"""Command that brings the generated pages up to date."""

from scripts.docs import migration_page, models_page, settings_page

for page in (settings_page, migration_page, models_page):
    page.PAGE.write_text(page.render())
