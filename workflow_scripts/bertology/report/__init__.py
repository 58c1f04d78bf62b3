"""The summary page: all of a study on one page, for any browser."""
