"""How much a preview holds, the same on both sides of the wall."""

MEGABYTE = 1024 * 1024
# Of a page as a picture: wide enough to read small print, and what a reader's telephone still shows.
WIDTH, SIDE, PIXELS = 1600, 4096, 4_000_000
# Of a picture while it is decoded.
DECODED_PIXELS = 60_000_000
PICTURE_BYTES = 3 * MEGABYTE
PICTURE_TEXT = 20_000
# Of a table on a page.
ROWS, COLUMNS, CELL, TABLE_CHARACTERS = 200, 60, 500, 400_000
# Of text on a page, and of a text file altogether.
LINES, PAGE_CHARACTERS, TEXT_BYTES = 400, 100_000, 8 * MEGABYTE
SECTIONS, NAME, PAGES = 100, 100, 100_000
# All that the renderer may write: bare pixels, and words about them.
OUTPUT = 3 * PIXELS + 4 * MEGABYTE
