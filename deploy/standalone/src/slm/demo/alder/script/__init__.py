"""The script of the demonstration: companies, terms, facts and stories, all of them pure data."""
