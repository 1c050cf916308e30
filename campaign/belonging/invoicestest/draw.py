# Reads a mapping from file names to lines of cells, and draws them into the folder that is its argument. Arabic letters
# are joined and put into the order in which they are drawn before ReportLab gets them, as its users do. Texts of Latin
# letters alone are in Helvetica, which has no font file in the PDF.
import json, os, sys
import arabic_reshaper
from bidi.algorithm import get_display
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

pdfmetrics.registerFont(TTFont("sans", "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"))
for name, lines in json.load(sys.stdin).items():
    c = canvas.Canvas(os.path.join(sys.argv[1], name), pagesize=A4)
    y = 780
    for cells in lines:
        for i, cell in enumerate(cells):
            latin = all(ord(letter) < 256 for letter in cell)
            c.setFont("Helvetica" if latin else "sans", 12)
            if latin:
                c.drawString(60 + 160 * i, y, cell)
            else:
                c.drawRightString(540 - 160 * i, y, get_display(arabic_reshaper.reshape(cell)))
        y -= 24
    c.save()
