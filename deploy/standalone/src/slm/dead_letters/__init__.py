"""Dead letters (records that services could not process) for operators: list, show, redrive."""
