"""Commands and what people do with them.

`commands` keeps what is registered, by the rules of `command_rules`, `option_rules` and `names`;
`command_permissions` says who may use it. `options`, `selections` and `modals` read what a person gave,
`interactions` begins an interaction and carries out what the bot does with its token, `answers` shows that.
"""
