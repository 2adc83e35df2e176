"""Who may do what with notices, mail and SMS."""

from kontor.notify.v1 import notify_pb2 as n

from tests.access.who import MEMBERS, NOBODY, NOWHERE, Table

NOTIFY: Table = {
    "kontor.notify.v1.Notices.ListNotices": (MEMBERS, lambda _: n.ListNoticesRequest()),
    "kontor.notify.v1.Notices.MarkRead": (MEMBERS, lambda _: n.MarkReadRequest(notice_ids=[NOWHERE])),
    "kontor.notify.v1.Notices.GetNoticeSettings": (MEMBERS, lambda _: n.GetNoticeSettingsRequest()),
    "kontor.notify.v1.Notices.UpdateNoticeSettings": (
        MEMBERS,
        lambda _: n.UpdateNoticeSettingsRequest(settings=n.NoticeSettings(documents_in_portal=True, messages_by_email=True)),
    ),
    "kontor.notify.v1.Notices.PreviewDigest": (MEMBERS, lambda _: n.PreviewDigestRequest()),
    # Whoever has the link of a mail; a token that nobody was sent is refused to all.
    "kontor.notify.v1.Unsubscribing.ShowUnsubscribe": (NOBODY, lambda _: n.ShowUnsubscribeRequest(token="x" * 43)),
    "kontor.notify.v1.Unsubscribing.Unsubscribe": (NOBODY, lambda _: n.UnsubscribeRequest(token="x" * 43)),
    "kontor.notify.v1.Codes.GetSmsState": (NOBODY, lambda _: n.GetSmsStateRequest()),
    "kontor.notify.v1.Codes.SendCode": (
        NOBODY,
        lambda _: n.SendCodeRequest(kind=n.SMS_KIND_CODE, phone_number="+46701740605", code="000000"),
    ),
    # Anybody may call it: what counts is the provider's signature, and here nobody sends SMS.
    "kontor.notify.v1.SmsReports.ReportSms": (NOBODY, lambda _: n.ReportSmsRequest(fields={"MessageSid": "SM"}, signature="x")),
    "kontor.notify.v1.Letters.SendNow": (
        NOBODY,
        lambda _: n.SendNowRequest(letter_id=NOWHERE, kind=n.LETTER_KIND_WELCOME, email="nobody@matrix.example"),
    ),
}
