"""The invented firm's news: articles in several languages, published as its administrator does it."""

from dataclasses import dataclass

from kontor.access.v1 import access_pb2
from kontor.messaging.v1 import news_pb2, news_pb2_grpc

from demo.session import World


@dataclass(frozen=True)
class Article:
    """What to publish: language to title and Markdown; the first is for readers of other languages."""

    texts: dict[str, tuple[str, str]]
    area: int = access_pb2.SERVICE_AREA_UNSPECIFIED


ARTICLES = (
    Article({
        "nb": ("Velkommen til kundeportalen", """Her deler vi dokumenter og meldinger, og alt ligger på ett sted.

## Slik kommer du i gang

1. Last opp bilag under **Dokumenter**. Hver fil blir kontrollert før den deles.
2. Skriv til oss under **Meldinger**. Svaret kommer på e-post.
3. Administratoren i bedriften legger til kolleger og velger mapper for dem.

> Send ikke fødselsnummer eller kontonummer i meldinger. Last heller opp et dokument.
"""),
        "sv": ("Välkommen till kundportalen", """Här delar vi dokument och meddelanden, och allt finns på ett ställe.

## Så kommer du i gång

1. Ladda upp underlag under **Dokument**. Varje fil kontrolleras innan den delas.
2. Skriv till oss under **Meddelanden**. Svaret kommer via e-post.
3. Företagets administratör lägger till kollegor och väljer mappar åt dem.

> Skicka inte personnummer eller kontonummer i meddelanden. Ladda hellre upp ett dokument.
"""),
        "fi": ("Tervetuloa asiakasportaaliin", """Täällä jaamme asiakirjat ja viestit, ja kaikki on yhdessä paikassa.

## Näin pääset alkuun

1. Lähetä tositteet kohdassa **Asiakirjat**. Jokainen tiedosto tarkistetaan ennen jakamista.
2. Kirjoita meille kohdassa **Viestit**. Vastaus tulee sähköpostilla.
3. Yrityksen pääkäyttäjä lisää työtoverit ja valitsee heille kansiot.

> Älä lähetä henkilötunnusta tai tilinumeroa viestissä. Lähetä sen sijaan asiakirja.
"""),
    }),
    Article({
        "nb": ("Lønnskjøring i desember: frist den 5.", """Vi kjører lønn tidligere enn vanlig i desember.

- Lever **timer og tillegg** senest *5. desember*.
- Sykmeldinger som kommer senere, tas med i januar.
- Lønnen er på konto den 12.
"""),
        "sv": ("Lönekörning i december: senast den 5", """Vi kör lön tidigare än vanligt i december.

- Lämna **timmar och tillägg** senast *den 5 december*.
- Sjukanmälningar som kommer senare tas med i januari.
- Lönen är på kontot den 12.
"""),
        "fi": ("Joulukuun palkanmaksu: määräaika 5. päivä", """Ajamme palkat joulukuussa tavallista aikaisemmin.

- Toimita **tunnit ja lisät** viimeistään *5. joulukuuta*.
- Myöhemmin tulevat sairauslomat otetaan mukaan tammikuussa.
- Palkka on tilillä 12. päivä.
"""),
    }, access_pb2.SERVICE_AREA_PAYROLL),
    Article({
        "nb": ("Kontoret er stengt i romjulen", """Vi har stengt fra 24. desember til 1. januar. Portalen er åpen som vanlig.

Haster det, så ring oss: nummeret står nederst i menyen.
"""),
        "en": ("Closed between Christmas and New Year", """The office is closed from 24 December to 1 January. The portal is open as usual.

If it is urgent, call us: the number is at the bottom of the menu.
"""),
    }),
)  # fmt: skip


def publish(world: World, article: Article) -> str:
    """Write and publish this as the acting administrator of the firm; answers its id."""
    stub = news_pb2_grpc.NewsStub(world.channel("messaging"))
    texts = [news_pb2.ArticleText(language=language, title=title, body=body) for language, (title, body) in article.texts.items()]
    saved = stub.SaveArticle(news_pb2.SaveArticleRequest(service_area=article.area, texts=texts))  # type: ignore[arg-type]
    stub.PublishArticle(news_pb2.PublishArticleRequest(article_id=saved.article_id))
    return saved.article_id
