"""Previews of versions: kept ones, or made now."""

from dataclasses import dataclass

from kontor.documents.v1 import previews_pb2 as pb

from chassis import telemetry
from chassis.errors import NotFound
from services.documents.preview import answers
from services.documents.preview.cache import Cache
from services.documents.preview.kinds import KINDS, REASONS, Kind
from services.documents.preview.process import Renderer
from services.documents.vault import Vault

_WHOLE = 0


@dataclass(frozen=True)
class Previewed:
    """A version that its reader may read. ``size`` in bytes."""

    version_id: str
    content_type: str
    size: int


class Previews:
    """Finds out what a version looks like."""

    def __init__(self, vault: Vault, cache: Cache, renderer: Renderer, *, limit: int) -> None:
        """``limit`` is the largest file looked at, in bytes."""
        self._vault, self._cache, self._renderer, self._limit = vault, cache, renderer, limit

    def whole(self, version: Previewed) -> pb.Preview:
        """What there is to show. With it the first page is made, which is what is asked for next."""
        kind = KINDS.get(version.content_type)
        if kind is None or version.size > self._limit:
            reason = pb.PREVIEW_REASON_TOO_LARGE if kind else pb.PREVIEW_REASON_KIND_NOT_SUPPORTED
            return pb.Preview(reason=reason, kind=kind.number if kind else pb.PREVIEW_KIND_UNSPECIFIED)
        kept = self._cache.get(version.version_id, _WHOLE)
        return pb.Preview.FromString(kept) if kept is not None else self._render(version, kind, 1)[0]

    def page(self, version: Previewed, number: int) -> pb.PreviewPage:
        """A page. Raises NotFound ``preview_page_not_found``."""
        whole = self.whole(version)
        if not whole.ready:
            return pb.PreviewPage(unavailable=whole.reason)
        if number > whole.pages:
            raise NotFound("preview_page_not_found", "The preview does not have this page.")
        kept = self._cache.get(version.version_id, number)
        return pb.PreviewPage.FromString(kept) if kept is not None else self._render(version, KINDS[version.content_type], number)[1]

    def _render(self, version: Previewed, kind: Kind, number: int) -> tuple[pb.Preview, pb.PreviewPage]:
        outcome = self._renderer.run(kind.word, number, self._vault.read(version.version_id))
        reason, lasting = outcome.reason, outcome.lasting
        whole, page = pb.Preview(), None
        if not reason:
            try:
                whole, page = answers.read(outcome.output)
            except answers.Nonsense as why:
                telemetry.log(__name__).error("renderer answered nonsense", version_id=version.version_id, error=str(why))
                reason = "damaged"
        if reason:
            whole = pb.Preview(reason=REASONS[reason])
        whole.kind = kind.number
        page = page or pb.PreviewPage(unavailable=whole.reason or pb.PREVIEW_REASON_DAMAGED)
        if lasting:
            self._keep(version.version_id, whole, page, number)
        return whole, page

    def _keep(self, version_id: str, whole: pb.Preview, page: pb.PreviewPage, number: int) -> None:
        """A page that fails says nothing about the others, so the whole is only kept with the first."""
        if whole.ready or number > 1:
            self._cache.put(version_id, number, page.SerializeToString())
        if number == 1:
            self._cache.put(version_id, _WHOLE, whole.SerializeToString())
