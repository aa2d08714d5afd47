class Refusal(Exception):  # noqa: N818 - a refusal is an answer to a person, not a failure of the program
    """That is not possible."""

    def __init__(self, **facts: object) -> None:
        """Keep the facts that the sentence names in braces; the docstring of the class is that sentence."""
        self.facts = facts
        super().__init__(self.sentence())

    @classmethod
    def template(cls) -> str:
        """Give the sentence as translators see it: on one line, the facts still in braces."""
        return " ".join((cls.__doc__ or "").split())

    def sentence(self) -> str:
        return self.template().format(**self.facts)


class NotYours(Refusal):
    """That button does nothing here any more. Send /start to see where you are."""
