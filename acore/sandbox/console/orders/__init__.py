"""The words after `!`, which are for the console itself: one function each, put into a table."""

from acore.sandbox.console.orders import around, messages, with_bots
from acore.sandbox.console.orders.table import ORDERS, find, help_text, obey

__all__ = ["ORDERS", "around", "find", "help_text", "messages", "obey", "with_bots"]
