"""The control API: what drives the sandbox from outside, beside what Discord itself offers."""
