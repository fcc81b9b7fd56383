# <<constants>>
with open(os.path.join(<<folder>>, "vocabulary.json"), encoding="utf-8") as file:
    VOCABULARY = json.load(file)
TOKENS = VOCABULARY["tokens"]  # in the order of their numbers
PADDING, UNKNOWN = 0, 1
NUMBERS = {token: number for number, token in enumerate(TOKENS) if number > UNKNOWN}
LENGTH = <<length>>  # tokens of a sample
LINE_END = <<line_end>>  # the number of the line end that stands before a text

# <<characters>>
def encode(text):
    """The numbers of the characters."""
    return [NUMBERS.get(character, UNKNOWN) for character in text]

# <<segments>>
# Characters of scripts without spaces stand alone; marks and joiners belong to the character before them.
ALONE = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3041-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
MARKS = "".join(chr(code) for code in range(0x300, 0x11FFF) if unicodedata.category(chr(code))[0] == "M")
MARKS = f"[{MARKS}\u200c\u200d\U0001f3fb-\U0001f3ff]*"
LETTER = f"[^\\W\\d_{ALONE}]"
SEGMENT = re.compile(
    f"\r\n| +|(?:(?:{LETTER}|[\\d_]){MARKS}"  # spaces, letters and digits
    f"|(?<={LETTER})[.:'\u00b7\u2018\u2019\u2024](?={LETTER})|(?<=\\d)[.,;'\u2018\u2019\u2024](?=\\d))+"  # it's, 3.5
    f"|[\r\n]|.{MARKS}",
    re.DOTALL,
)


def segments(text):
    """Words, spaces and marks, as the Unicode standard parts them (UAX #29), without its rules for rare scripts and flags."""
    return SEGMENT.findall(text)

# <<words>>
def words(text):
    """Words and marks, each with one space before it if there is one."""
    found, space = [], ""
    for segment in segments(text):
        if segment.isspace() and "\n" not in segment:
            space = " " if segment.endswith(" ") else ""
        else:
            found.append(space + segment)
            space = ""
    return found


def encode(text):
    """The numbers of the words. One that is known with a space before it or without alone is taken for that."""
    other = [word[1:] if word.startswith(" ") else f" {word}" for word in words(text)]
    return [NUMBERS.get(word, NUMBERS.get(also, UNKNOWN)) for word, also in zip(words(text), other)]

# <<subwords>>
# Which pairs are joined, the first ones first, and to what.
MERGES = {tuple(pair): rank for rank, pair in enumerate(VOCABULARY.get("merges", []))}


def kind(segment):
    first = segment[0]
    if first == "\n":
        return "line end"
    if first.isspace():
        return "space"
    return "letters" if first.isalpha() else "digits" if first.isnumeric() else "marks"


def pieces(text):
    """Letters, digits or marks, each with the space before them, and line ends alone: pairs are joined within them."""
    found = []
    for segment in segments(text):
        of = kind(segment)
        last, before = found[-1] if found else ("", "")
        if last == of and of != "line end":
            found[-1] = (of, before + segment)
        elif last == "space" and of != "line end" and before.endswith(" "):
            found[-1:] = [("space", before[:-1])] if len(before) > 1 else []
            found.append((of, " " + segment))
        else:
            found.append((of, segment))
    return [piece for _, piece in found]


def encode(text):
    """The numbers of the subwords: characters, of which pairs are joined in the order of the merges."""
    numbers = []
    for piece in pieces(text):
        parts = [NUMBERS.get(character, UNKNOWN) for character in piece]
        while pairs := [(MERGES[pair], at) for at, pair in enumerate(zip(parts, parts[1:])) if pair in MERGES]:
            _, at = min(pairs)
            parts[at : at + 2] = [NUMBERS[TOKENS[parts[at]] + TOKENS[parts[at + 1]]]]
        numbers += parts
    return numbers

# <<decode>>
def decode(numbers):
    """The text of the tokens."""
    return "".join(TOKENS[number] for number in numbers)

# <<read>>
def row_of(text):
    """The last tokens of a text as the network reads them; before a short one padding fills up."""
    numbers = encode(text)[-LENGTH:]
    return [PADDING] * (LENGTH - len(numbers)) + numbers

# <<written>>
def begun(text):
    """The tokens of a text that is to be written on, behind the line end where there is one."""
    numbers = encode(text)
    if LINE_END is not None and not text.startswith("\n"):
        numbers.insert(0, LINE_END)
    return numbers or [UNKNOWN]


def row_of(numbers):
    """The last tokens as the network reads them; behind a few padding fills up."""
    numbers = numbers[-LENGTH:]
    return numbers + [PADDING] * (LENGTH - len(numbers))

# <<generate>>
@torch.no_grad()
def generate(network, prompt="", tokens=200, temperature=0.8):
    """The prompt and what the network writes after it; at temperature 0 always the most likely token."""
    numbers = begun(prompt)
    for _ in range(tokens):
        logits = network(torch.from_numpy(prepare([row_of(numbers)])))[0, min(len(numbers), LENGTH) - 1]
        logits[[PADDING, UNKNOWN]] = -torch.inf
        if temperature > 0:
            token = torch.multinomial(torch.softmax(logits / temperature, dim=0), 1).item()
        else:
            token = logits.argmax().item()
<<stop>>        numbers.append(token)
    return decode(numbers).removeprefix("\n")
