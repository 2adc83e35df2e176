"""The demonstration's conversations: asked by clients, answered by their consultants, in every state."""

from dataclasses import dataclass

from kontor.access.v1 import access_pb2
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc

from demo import people
from demo.people import Person
from demo.session import World, until

PAYROLL, ACCOUNTING, HR = access_pb2.SERVICE_AREA_PAYROLL, access_pb2.SERVICE_AREA_ACCOUNTING, access_pb2.SERVICE_AREA_HR


@dataclass(frozen=True)
class Talk:
    """A question, who asks and answers it, and what follows."""

    asker: Person
    area: access_pb2.ServiceArea.ValueType
    subject: str
    question: str
    consultant: Person
    answer: str = ""
    reply: str = ""
    closed: bool = False


def talks() -> tuple[Talk, ...]:
    """What is said, the oldest first."""
    jonas, liv, maja = (each.person for each in people.CONSULTANTS)
    ingrid, anna, aino = (each.administrator for each in people.CLIENTS)
    return (
        Talk(
            ingrid, ACCOUNTING, "Kontoutskrift for april", "Hei, er utskriften jeg lastet opp komplett?", liv,
            "Ja, alt er med. Takk!", closed=True,
        ),
        Talk(
            ingrid, PAYROLL, "Ny ansatt fra 1. desember", "Vi ansetter en baker. Hva trenger dere fra oss?", jonas,
            "Gratulerer! Last opp arbeidsavtalen under Dokumenter, så ordner vi resten.", "Fint, den kommer i morgen.",
        ),
        Talk(ingrid, HR, "Mal for oppsigelse", "Har dere en mal vi kan bruke?", maja, "Ja, den ligger i mappen Kontrakter fra i morgen."),
        Talk(anna, ACCOUNTING, "Moms för oktober", "Hej, när behöver ni underlaget?", liv, "Senast den 10:e, gärna tidigare."),
        Talk(aino, PAYROLL, "Joulukuun palkat", "Milloin joulukuun palkat maksetaan?", jonas),
    )  # fmt: skip


def hold(world: World, clients: dict[str, str]) -> None:
    """Let everything be said; `clients` has the organisation of each client's administrator, by address."""
    for talk in talks():
        thread = _asked(world, clients[talk.asker.email], talk)
        if talk.answer:
            _answered(world, thread, talk.consultant, talk.answer)
        if talk.reply:
            _answered(world, thread, talk.asker, talk.reply)
        if talk.closed:
            with world.acting(talk.consultant):
                _threads(world).CloseThread(messaging_pb2.CloseThreadRequest(thread_id=thread))


def _asked(world: World, client: str, talk: Talk) -> str:
    with world.acting(talk.asker):
        request = messaging_pb2.SendMessageRequest(
            organisation_id=client, service_area=talk.area, subject=talk.subject, body=talk.question
        )
        messages = messaging_pb2_grpc.MessagesStub(world.channel("messaging"))
        return until(lambda: messages.SendMessage(request).thread_id, f"the message {talk.subject}")


def _answered(world: World, thread: str, person: Person, body: str) -> None:
    with world.acting(person):
        until(lambda: _threads(world).Answer(messaging_pb2.AnswerRequest(thread_id=thread, body=body)), f"an answer by {person.email}")


def _threads(world: World) -> messaging_pb2_grpc.ThreadsStub:
    return messaging_pb2_grpc.ThreadsStub(world.channel("messaging"))
