"""What each RPC that changes something writes into the audit trail, or why nothing (P29)."""

# What it writes when something has changed. Asked again, or without effect, some write nothing.
ROWS = {
    "identity": {
        "SignIn.VerifyAccount": "account.verify", "SignIn.SetPassword": "password.set", "SignIn.StartSignIn": "sign_in.start",
        "SignIn.SendSmsCode": "sms_code.send", "SignIn.FinishSignIn": "session.open", "Sessions.ChooseOrganisation": "session.choose",
        "Sessions.StepUp": "session.step_up", "Sessions.SendStepUpCode": "sms_code.send", "Sessions.EndSessions": "session.end",
        "Sessions.SignOut": "session.end", "Account.UpdateProfile": "profile.change", "Account.ChangePassword": "password.change",
        "Factors.StartFactor": "factor.start", "Factors.ConfirmFactor": "factor.enrol", "Factors.PreferFactor": "factor.prefer",
        "Factors.RemoveFactor": "factor.remove", "Factors.RegenerateRecoveryCodes": "recovery_codes.make",
        "Organisations.CreateFirm": "organisation.create", "Organisations.CreateClient": "organisation.create",
        "Organisations.AddMember": "member.add", "Organisations.ChangeRole": "member.change_role",
        "Organisations.AddMembers": "member.add",
        "Organisations.SetMemberValidity": "member.set_validity",
        "Organisations.RemoveMember": "member.remove", "Organisations.VouchForMember": "member.vouch",
        "Passkeys.AddPasskey": "passkey.add", "Passkeys.RenamePasskey": "passkey.rename", "Passkeys.RemovePasskey": "passkey.remove",
        "Passkeys.SignInWithPasskey": "session.open", "Account.AcceptTerms": "terms.accept",
        "Devices.FinishEnrolment": "device.enrol", "Devices.RemoveDevice": "device.end", "Devices.SignInWithDevice": "session.open",
        "Devices.LockDevice": "session.lock", "Devices.SignOutEverywhere": "device.end_all",
        "WebSignIns.ConfirmWebSignIn": "web_sign_in.confirm", "WebSignIns.ClaimWebSignIn": "session.open",
        "Invitations.ChangeInvitee": "member.change", "Invitations.Invite": "invitation.send", "Invitations.InviteAgain": "invitation.send",
        "Invitations.CancelInvitation": "invitation.cancel", "Invitations.MakeCode": "invitation.make_code",
        "Invitations.EnterCode": "invitation.enter", "Invitations.SendCode": "invitation.ask",
        "Invitations.ConfirmCode": "invitation.complete",
        "Administration.RemoveMemberships": "member.remove", "Administration.StartReplacement": "member.replace_address",
        "Administration.CancelReplacement": "member.keep_address",
        "Providers.FinishWithProvider": "session.open", "Providers.RemoveProviderBinding": "provider.unbind",
        "Organisations.CreateApiKey": "api_key.create", "Organisations.RevokeApiKey": "api_key.revoke",
    },
    "documents": {
        "Folders.CreateFolder": "folder.create", "Folders.RenameFolder": "folder.rename", "Folders.RemoveFolder": "folder.remove",
        "Folders.SetFolderAccess": "folder_access.save", "Folders.SetFolderMembers": "folder_access.save",
        "Documents.Upload": "document.upload", "Documents.UpdateDocument": "document.edit",
        "Documents.UpdateDocuments": "document.edit", "Documents.Download": "document.download",
        "Documents.DownloadZip": "document.download", "Retention.DeleteDocument": "document.delete", "Holds.SetHold": "hold.set",
        "Holds.ReleaseHold": "hold.release",
    },
    "messaging": {
        "Messages.SendMessage": "message.send", "Threads.Answer": "message.send", "Threads.MarkThreadRead": "thread.read",
        "Threads.AssignThread": "thread.assign", "Threads.CloseThread": "thread.close", "Threads.ReopenThread": "thread.reopen",
        "News.MarkArticlesRead": "news.read", "News.SaveArticle": "news.save", "News.PublishArticle": "news.publish",
        "News.WithdrawArticle": "news.withdraw", "News.DeleteDraft": "news.delete",
    },
    "linking": {"Links.CreateLink": "link.create", "Links.UpdateLink": "link.update", "Links.AssignConsultant": "consultant.assign"},
    "notify": {
        "Notices.MarkRead": "notice.read", "Notices.UpdateNoticeSettings": "notice_settings.update",
        "Unsubscribing.Unsubscribe": "notice_settings.unsubscribe",
    },
}  # fmt: skip
# They write none, and why.
NO_ROW = {
    "identity.SignIn.RequestPasswordLink": "nobody knows yet whose address it is; the link that is made for it is a row, link.make",
    "identity.SignIn.ShowLink": "changes nothing",
    "identity.SignIn.RatePassword": "changes nothing",
    "identity.Sessions.ResolveSession": "being seen is no act",
    "identity.Sessions.ExchangeApiKey": "changes nothing",
    "identity.Invitations.FindInvitees": "changes nothing",
    "identity.Invitations.ShowEntry": "changes nothing",
    "identity.Passkeys.StartPasskey": "asks a question; the answer is a row",
    "identity.Passkeys.AskForPasskey": "asks a question; the answer is a row",
    "identity.Devices.StartEnrolment": "asks a question; the answer is a row",
    "identity.Devices.AskDevice": "asks a question; the answer is a row",
    "identity.Devices.RefreshSession": "the session goes on; the second use of a token is a row, device.copied",
    "identity.WebSignIns.StartWebSignIn": "nobody knows yet whose it will be",
    "identity.WebSignIns.ShowWebSignIn": "changes nothing",
    "identity.WebSignIns.FindWebSignIn": "changes nothing",
    "identity.WebSignIns.DenyWebSignIn": "it was nobody's, and stays so",
    "documents.Folders.CountGrants": "changes nothing",
    "documents.Documents.CheckNames": "changes nothing",
    "documents.Documents.BatchGetDocuments": "changes nothing",
    "documents.Documents.CountDocuments": "changes nothing",
    "messaging.Threads.CountThreads": "changes nothing",
    "messaging.Enquiries.CheckText": "changes nothing",
    "notify.Unsubscribing.ShowUnsubscribe": "changes nothing",
    "identity.Providers.StartWithProvider": "asks a question of a provider; its answer is a row",
    "notify.Letters.SendNow": "identity writes down what the letter is about",
    "notify.Codes.SendCode": "identity writes down that a code was sent",
    "notify.Codes.GetSmsState": "changes nothing",
    "notify.SmsReports.ReportSms": "what a provider says of an SMS is no act of anybody; how far it came is a row of sms_reports",
}
WRITTEN = {f"{service}.{rpc}": action for service, rows in ROWS.items() for rpc, action in rows.items()}


def short(rpc: str) -> str:
    """`identity.SignIn.StartSignIn`."""
    return rpc.removeprefix("kontor.").replace(".v1.", ".")
