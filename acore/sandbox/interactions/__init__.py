"""Commands and what people do with them: registration, options, answers, tokens."""
