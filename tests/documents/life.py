"""What should become of documents, as simply as it can be said: the model that the service is compared with."""

from dataclasses import dataclass, field

Place = tuple[str, str, int]  # folder, name, period


@dataclass
class Kept:
    """A shared document: where it is, and the content of each of its versions."""

    place: Place
    versions: list[bytes]


@dataclass(frozen=True)
class Sent:
    """An upload that waits for its scan, or has failed it."""

    document_id: str
    place: Place
    content: bytes
    side: str
    bad: bool


@dataclass
class Model:
    """All documents of a client."""

    shared: dict[str, Kept] = field(default_factory=dict)
    waiting: list[Sent] = field(default_factory=list)
    failed: list[Sent] = field(default_factory=list)
    # Ids that lead to another document by now.
    became: dict[str, str] = field(default_factory=dict)
    # Legal holds, by the id they were set on; and ids that lead nowhere any more.
    holds: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def at(self, place: Place) -> str | None:
        """The shared document there."""
        return next((each for each, kept in self.shared.items() if kept.place == place), None)

    def awaited(self, place: Place) -> bool:
        """Whether an upload to this place waits."""
        return any(each.place == place for each in self.waiting)

    def taken(self, place: Place) -> bool:
        """Whether the place needs a decision."""
        return self.at(place) is not None or self.awaited(place)

    def scan(self) -> None:
        """Settle what waits, in the order it came."""
        for sent in self.waiting:
            existing = self.at(sent.place)
            if sent.bad:
                self.failed.append(sent)
            elif existing is None:
                self.shared[sent.document_id] = Kept(sent.place, [sent.content])
            else:
                self.shared[existing].versions.append(sent.content)
                self.became[sent.document_id] = existing
        self.waiting.clear()

    def move(self, document_id: str, place: Place, *, replace: bool) -> str:
        """Change where a document is; the reason why not, if so."""
        existing = self.at(place)
        if place == self.shared[document_id].place:
            return ""
        if self.taken(place) and not replace:
            return "document_exists"
        if existing is not None:
            self.shared[existing].versions += self.shared.pop(document_id).versions
            self.became = {name: existing if leads == document_id else leads for name, leads in self.became.items()}
            self.became[document_id] = existing
            return ""
        if self.awaited(place):
            return "place_taken"
        self.shared[document_id].place = place
        return ""

    def held(self, document_id: str) -> bool:
        """Whether a hold covers it: set on it, or on what became a version of it."""
        return document_id in {self.became.get(each, each) for each in self.holds.values()}

    def delete(self, document_id: str) -> str:
        """End a document; the reason why not, if so."""
        if self.held(document_id):
            return "on_legal_hold"
        self._end(document_id)
        return ""

    def expire(self) -> None:
        """The time of everything is over that has been scanned."""
        for document_id in [each for each in self.shared if not self.held(each)]:
            self._end(document_id)
        self.gone |= {sent.document_id for sent in self.failed}
        self.failed.clear()

    def _end(self, document_id: str) -> None:
        del self.shared[document_id]
        self.gone |= {document_id, *(name for name, leads in self.became.items() if leads == document_id)}
        self.became = {name: leads for name, leads in self.became.items() if leads != document_id}
