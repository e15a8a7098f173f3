"""The picture in `docs/architecture.md`: `python deploy/architecture_picture.py > docs/architecture.svg`."""

from html import escape

WIDTH, HEIGHT = 1040, 720
PLAIN, INNER, CONTRACT, OUTSIDE = "#f2f4f7", "#ffffff", "#fff1cc", "#e8f3ec"
LINE, TEXT, QUIET = "#5b6472", "#1d2530", "#5b6472"

# Each box: x, y, width, height, title, lines below the title, fill.
Box = tuple[int, int, int, int, str, tuple[str, ...], str]
BOXES: tuple[Box, ...] = (
    (20, 16, 620, 44, "browser · curl · OpenAI clients · terminal", (), OUTSIDE),
    (20, 96, 620, 436, "feedback_app: the service", (), PLAIN),
    (36, 132, 588, 50, "cli · commands · main · web", ("main.py wires the parts together",), INNER),
    (
        36,
        192,
        588,
        50,
        "ui",
        ("arena · chat · rounds · reward · data · leaderboard · settings · shared",),
        INNER,
    ),
    (36, 252, 290, 50, "api", ("REST, OpenAI API, health",), INNER),
    (334, 252, 290, 50, "embedded", ("servers that codelynn up starts",), INNER),
    (
        36,
        312,
        588,
        70,
        "services",
        ("generation · arena · chat · rounds · reward", "leaderboard · dataset · annotation · system"),
        INNER,
    ),
    (36, 392, 112, 70, "store", ("tables,", "transactions"), INNER),
    (155, 392, 112, 70, "engines", ("write", "the replies"), INNER),
    (274, 392, 112, 70, "desks", ("Argilla,", "Label Studio"), INNER),
    (393, 392, 112, 70, "formats", ("export and", "import files"), INNER),
    (512, 392, 112, 70, "processes", ("child", "processes"), INNER),
    (
        36,
        472,
        588,
        50,
        "domain · errors",
        ("comparison, ranking, conversation, round: plain values, no I/O",),
        INNER,
    ),
    (740, 96, 280, 96, "workers", ("Celery tasks, snapshot, supervisor,", "reaper of silent rounds"), PLAIN),
    (740, 232, 280, 300, "alignment: the trainer", (), PLAIN),
    (
        756,
        268,
        248,
        96,
        "contract",
        ("methods, requirements, split,", "snapshot, spec, manifests", "(no torch)"),
        CONTRACT,
    ),
    (756, 374, 248, 58, "round · stages", ("one process for each round",), INNER),
    (
        756,
        442,
        248,
        76,
        "methods · gate · models",
        ("checkpoints · distributed · scoring", "(torch, TRL, CTranslate2)"),
        INNER,
    ),
    (740, 572, 280, 58, "reward_model", ("train, score, calibrate",), PLAIN),
    (20, 572, 200, 76, "database", ("SQLite or PostgreSQL:", "rankings, chats, rounds"), OUTSIDE),
    (228, 572, 150, 76, "Redis or Valkey", ("ids of rounds,", "no text"), OUTSIDE),
    (
        386,
        572,
        254,
        76,
        "data folder",
        ("snapshots · rounds · checkpoints,", "complete with their manifest.json"),
        OUTSIDE,
    ),
)

# Each arrow: from x, y to x, y; its words with their place and anchor; whether it is an import.
Arrow = tuple[int, int, int, int, str, int, int, str, bool]
ARROWS: tuple[Arrow, ...] = (
    (330, 60, 330, 94, "HTTP", 340, 82, "start", False),
    (740, 144, 642, 144, "services, store", 691, 136, "middle", True),
    (640, 316, 754, 316, "contract", 690, 308, "middle", True),
    (880, 192, 880, 230, "all", 890, 216, "start", True),
    (880, 532, 880, 570, "", 0, 0, "start", True),
    (120, 532, 120, 570, "", 0, 0, "start", False),
    (303, 532, 303, 570, "", 0, 0, "start", False),
    (740, 500, 642, 600, "files", 676, 548, "end", False),
)


def box(x: int, y: int, width: int, height: int, title: str, lines: tuple[str, ...], fill: str) -> str:
    first = y + 22 if lines or height > 100 else y + height // 2 + 5
    texts = [f'<text x="{x + 12}" y="{first}" font-weight="600">{escape(title)}</text>']
    for number, line in enumerate(lines, start=1):
        below = first + 19 * number
        texts.append(f'<text x="{x + 12}" y="{below}" font-size="13" fill="{QUIET}">{escape(line)}</text>')
    frame = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{fill}" stroke="{LINE}"/>'
    return "\n".join([frame, *texts])


def arrow(
    x1: int, y1: int, x2: int, y2: int, words: str, x: int, y: int, anchor: str, is_import: bool
) -> str:
    dash = "" if is_import else ' stroke-dasharray="5 4"'
    line = (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{LINE}" stroke-width="2"{dash} '
        'marker-end="url(#head)"/>'
    )
    if not words:
        return line
    label = (
        f'<text x="{x}" y="{y}" font-size="12" fill="{QUIET}" text-anchor="{anchor}">{escape(words)}</text>'
    )
    return f"{line}\n{label}"


def picture() -> str:
    """The whole picture as SVG."""
    key = (
        f'<text x="20" y="690" font-size="13" fill="{QUIET}">Solid arrow: imports. Dashed arrow: data. '
        "In feedback_app each row imports only rows below it; yellow is all that service and trainer share.</text>"
    )
    head = (
        '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        f'orient="auto"><path d="M0 0L10 5L0 10z" fill="{LINE}"/></marker></defs>'
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
            f'height="{HEIGHT}" font-family="Helvetica, Arial, sans-serif" font-size="15" fill="{TEXT}">',
            "<title>The packages of codeLynn, who imports whom, and where the data goes</title>",
            head,
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            *(box(*each) for each in BOXES),
            *(arrow(*each) for each in ARROWS),
            key,
            "</svg>",
        ]
    )


if __name__ == "__main__":
    print(picture())
