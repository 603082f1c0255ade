"""Command that brings the generated pages and files up to date."""

from scripts.docs import compose_file, migration_page, models_page, settings_page

for page in (settings_page, migration_page, models_page, compose_file):
    page.PAGE.write_text(page.render())
