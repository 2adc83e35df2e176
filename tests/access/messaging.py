"""Who may do what with messages and news."""

from kontor.messaging.v1 import messaging_pb2 as m
from kontor.messaging.v1 import news_pb2 as w

from tests.access.callers import KEYS
from tests.access.who import CARE, CONVERSATION, MEMBERS, NOBODY, NOWHERE, PAYROLL, Table

MESSAGING: Table = {
    "kontor.messaging.v1.Messages.SendMessage": (
        frozenset({"other_folder", "administrator", "payroll", "key"}),
        lambda stage: m.SendMessageRequest(organisation_id=stage.client, service_area=PAYROLL, subject="s", body="b"),
    ),
    "kontor.messaging.v1.Messages.ListMessages": (
        # The colleague, the administrator and the consultant have each written: they see their own, or their area's.
        frozenset({"other_folder", "administrator", "payroll", "key"}),
        lambda stage: m.ListMessagesRequest(organisation_id=stage.client),
    ),
    "kontor.messaging.v1.News.ListArticles": (MEMBERS | KEYS, lambda _: w.ListArticlesRequest()),
    "kontor.messaging.v1.News.GetArticle": (MEMBERS | KEYS, lambda stage: w.GetArticleRequest(article_id=stage.article)),
    "kontor.messaging.v1.News.MarkArticlesRead": (MEMBERS, lambda stage: w.MarkArticlesReadRequest(article_ids=[stage.article])),
    "kontor.messaging.v1.News.ListOwnArticles": (frozenset({"firm"}), lambda _: w.ListOwnArticlesRequest()),
    "kontor.messaging.v1.News.GetOwnArticle": (frozenset({"firm"}), lambda stage: w.GetOwnArticleRequest(article_id=stage.article)),
    "kontor.messaging.v1.News.SaveArticle": (
        frozenset({"firm"}),
        lambda _: w.SaveArticleRequest(texts=[w.ArticleText(language="nb", title="t", body="b")]),
    ),
    # Published already, so nobody changes anything; past the guard is who is told so.
    "kontor.messaging.v1.News.PublishArticle": (frozenset({"firm"}), lambda stage: w.PublishArticleRequest(article_id=stage.article)),
    "kontor.messaging.v1.News.DeleteDraft": (frozenset({"firm"}), lambda stage: w.DeleteDraftRequest(article_id=stage.article)),
    "kontor.messaging.v1.News.WithdrawArticle": (NOBODY, lambda _: w.WithdrawArticleRequest(article_id=NOWHERE)),
    "kontor.messaging.v1.Threads.Answer": (
        CONVERSATION, lambda stage: m.AnswerRequest(thread_id=stage.thread, body="b")
    ),
    "kontor.messaging.v1.Threads.ListThreads": (
        # As for messages: the colleague and the consultant have each begun one.
        frozenset({"other_folder", "administrator", "payroll", "key"}),
        lambda _: m.ListThreadsRequest(),
    ),
    "kontor.messaging.v1.Threads.GetThread": (CONVERSATION, lambda stage: m.GetThreadRequest(thread_id=stage.thread)),
    "kontor.messaging.v1.Threads.MarkThreadRead": (CONVERSATION, lambda stage: m.MarkThreadReadRequest(thread_id=stage.thread, up_to=1)),
    "kontor.messaging.v1.Threads.AssignThread": (CARE, lambda stage: m.AssignThreadRequest(thread_id=stage.thread)),
    "kontor.messaging.v1.Threads.CloseThread": (CARE, lambda stage: m.CloseThreadRequest(thread_id=stage.thread)),
    "kontor.messaging.v1.Threads.ReopenThread": (CARE, lambda stage: m.ReopenThreadRequest(thread_id=stage.thread)),
    "kontor.messaging.v1.Threads.CountThreads": (
        frozenset({"other_folder", "administrator", "payroll", "key"}),
        lambda stage: m.CountThreadsRequest(organisation_ids=[stage.client]),
    ),
    "kontor.messaging.v1.Enquiries.ListEnquiryTypes": (
        # The firm's administrator made the client, and so helps it with the portal.
        frozenset({"other_folder", "administrator", "payroll", "hr", "firm", "key"}),
        lambda stage: m.ListEnquiryTypesRequest(organisation_id=stage.client),
    ),
    "kontor.messaging.v1.Enquiries.ListRecipients": (
        frozenset({"payroll", "hr", "firm", "key"}),
        lambda stage: m.ListRecipientsRequest(organisation_id=stage.client),
    ),
    "kontor.messaging.v1.Enquiries.CheckText": ((MEMBERS | KEYS) - {"reader"}, lambda _: m.CheckTextRequest(text="t")),
}
