package recipients

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"mailshot/campaign/recipients/workbook/workbooktest"
)

// tongues are lists as people have them: names and places in many languages.
var tongues = map[string]string{
	"German": "Jörg Müller,Köln\nÄnne Großmann,Düsseldorf\nFrançois Weiß,Zürich\nUwe Schröder,Nürnberg\nKäthe " +
		"Jäger,Osnabrück\nGünther Böhm,Tübingen\n",
	"French": "Hélène Lefèvre,Besançon\nFrançois Noël,Orléans\nAgnès Gagné,Nîmes\nJérôme " +
		"Côté,Château-Thierry\nZoé Bérénice,Évreux\nAnaïs Père,Béziers\n",
	"Spanish": "José Muñoz,Málaga\nMaría Peña,Córdoba\nJesús Núñez,Cádiz\nÁngel Ibáñez,Logroño\nIñigo " +
		"Gómez,Almería\nBegoña Martín,León\n",
	"Polish": "Łukasz Wójcik,Łódź\nMałgorzata Dąbrowska,Kraków\nŻaneta Jabłońska,Gdańsk\nStanisław " +
		"Krawczyk,Poznań\nBożena Zając,Białystok\nAgnieszka Stępień,Częstochowa\n",
	"Czech": "Tomáš Dvořák,Plzeň\nJiří Černý,Hradec Králové\nŠtěpán Růžička,Třebíč\nZdeňka " +
		"Kučerová,Děčín\nOndřej Němec,Žďár\nLukáš Veselý,Břeclav\n",
	"Hungarian": "Gábor Szőke,Győr\nÉva Kőműves,Székesfehérvár\nÁgnes Tóth,Pécs\nLászló " +
		"Hegedűs,Hódmezővásárhely\nZsófia Fűrész,Kőszeg\nJózsef Nagy,Vác\n",
	"Russian": "Иван Петров,Москва\nОльга Кузнецова,Санкт-Петербург\nСергей Щербаков,Екатеринбург\nЮлия " +
		"Ёлкина,Нижний Новгород\nДмитрий Жуков,Ростов\nАнна Фёдорова,Казань\n",
	"Ukrainian": "Олексій Шевченко,Київ\nІрина Ковальчук,Львів\nЄвген Їжак,Чернівці\nОксана " +
		"Бондаренко,Харків\nЮрій Ткаченко,Одеса\nНаталія Лисенко,Дніпро\n",
	"Bulgarian": "Георги Димитров,София\nМария Щерева,Пловдив\nИван Йорданов,Варна\nЦветелина " +
		"Ангелова,Бургас\nЖивко Ъглов,Русе\nНиколай Тодоров,Плевен\n",
	"Greek": "Γιώργος Παπαδόπουλος,Αθήνα\nΜαρία Οικονόμου,Θεσσαλονίκη\nΝίκος Ψαράς,Πάτρα\nΕλένη " +
		"Βασιλείου,Ηράκλειο\nΔημήτρης Ξένος,Λάρισα\nΣοφία Χατζή,Βόλος\n",
	"Turkish": "Şule Yılmaz,İstanbul\nÇağlar Öztürk,Diyarbakır\nGökhan Işık,Muğla\nÜmit Doğan,Şanlıurfa\nAyşe " +
		"Kılıç,Eskişehir\nİbrahim Güneş,Iğdır\n",
	"Hebrew": "דוד כהן,ירושלים\nשרה לוי,תל אביב\nמשה מזרחי,חיפה\nרחל פרץ,באר שבע\nיוסף ביטון,נתניה\nמרים " +
		"אברהם,אשדוד\n",
	"Arabic": "محمد العربي,القاهرة\nفاطمة الزهراء,الإسكندرية\nأحمد يوسف,بيروت\nعائشة المنصور,الرباط\nخالد عبد " +
		"الله,دمشق\nزينب حسن,بغداد\n",
	"Persian": "علی رضایی,تهران\nزهرا محمدی,اصفهان\nپروین گلزار,شیراز\nژاله چراغی,مشهد\nحسین کریمی,تبریز\nمریم " +
		"احمدی,یزد\n",
	"Japanese":   "山田太郎,東京都\n佐藤花子,大阪市\n鈴木一郎,横浜市\n高橋さくら,名古屋\n田中ケンジ,札幌市\n渡辺ユキ,福岡市\n",
	"Chinese":    "王小明,北京市\n李丽华,上海市\n张伟国,广州市\n刘芳芳,深圳市\n陈建军,成都市\n杨雪梅,杭州市\n",
	"Taiwanese":  "陳志明,臺北市\n林淑芬,高雄市\n黃美玲,臺中市\n張家豪,臺南市\n李雅婷,新竹市\n王俊傑,基隆市\n",
	"Korean":     "김철수,서울\n이영희,부산\n박지민,대구\n최수진,인천\n정민호,광주\n강하늘,대전\n",
	"Vietnamese": "Hà Thu,Huế\nLê Hà,Mê Linh\nVũ Thu,Thái Bình\nHà Lê,Vĩnh Phú\n",
	"Lithuanian": "Žydrūnas Šimkus,Šiauliai\nRūta Žukauskaitė,Panevėžys\nJūratė Česnauskienė,Klaipėda\nĄžuolas " +
		"Čiurlys,Mažeikiai\n",
	"Thai": "สมชาย ใจดี,กรุงเทพ\nสมหญิง รักไทย,เชียงใหม่\nประเสริฐ ศรีสุข,ขอนแก่น\n",
}

// encoded are forty-six files as iconv makes them.
var encoded = map[string][]string{
	"German":  {"WINDOWS-1252", "ISO-8859-15", "UTF-16", "IBM850", "MACINTOSH"},
	"French":  {"WINDOWS-1252", "ISO-8859-1", "UTF-8", "UTF-16LE"},
	"Spanish": {"WINDOWS-1252", "ISO-8859-1"}, "Polish": {"WINDOWS-1250", "ISO-8859-2"},
	"Czech": {"WINDOWS-1250", "ISO-8859-2", "UTF-16BE"}, "Hungarian": {"WINDOWS-1250", "ISO-8859-2"},
	"Russian": {"WINDOWS-1251", "KOI8-R", "ISO-8859-5", "IBM866", "UTF-16"}, "Ukrainian": {"WINDOWS-1251", "KOI8-U"},
	"Bulgarian": {"WINDOWS-1251"}, "Greek": {"WINDOWS-1253", "ISO-8859-7"},
	"Turkish": {"WINDOWS-1254", "ISO-8859-9"}, "Hebrew": {"WINDOWS-1255", "ISO-8859-8"},
	"Arabic": {"WINDOWS-1256", "ISO-8859-6"}, "Persian": {"UTF-8", "UTF-16LE"},
	"Japanese": {"SHIFT_JIS", "EUC-JP", "ISO-2022-JP", "UTF-16BE"}, "Chinese": {"GB18030", "GBK"},
	"Taiwanese": {"BIG5"}, "Korean": {"EUC-KR"}, "Lithuanian": {"WINDOWS-1257"}, "Thai": {"TIS-620"},
}

// TestEncodings reads files in the encodings that lists are in. Each is read as it was written, or asked about, at a
// place of the file and with what it may be; none is read wrong in silence. With the encoding said, each is read
// right.
func TestEncodings(t *testing.T) {
	t.Parallel()
	iconv, err := exec.LookPath("iconv")
	if err != nil {
		t.Skip("iconv is not here")
	}
	files, read, guessed, asked := 0, 0, 0, 0
	for tongue, names := range encoded {
		list := "email,name,city\n"
		for i, line := range strings.Split(strings.TrimSuffix(tongues[tongue], "\n"), "\n") {
			list += string(rune('a'+i)) + "@example.com," + line + "\n"
		}
		for _, name := range names {
			cmd := exec.Command(iconv, "-f", "UTF-8", "-t", name)
			cmd.Stdin = strings.NewReader(list)
			file, err := cmd.Output()
			if err != nil {
				t.Errorf("%s in %s: %v", tongue, name, err)
				continue
			}
			files++
			got, err := textOf(Config{File: "-", Stdin: bytes.NewReader(file), Delimiter: ','})
			var f *Fault
			switch {
			case err == nil && got == list:
				read++
			case err == nil:
				t.Errorf("%s in %s was read in silence as\n%s", tongue, name, got)
			case errors.As(err, &f) && f.Code == "bad-encoding" && strings.Contains(f.Place, ":"):
				asked++
				_, said, _ := strings.Cut(f.Hint, "as encoding: ")
				said, _, _ = strings.Cut(said, ";")
				if got, err := textOf(Config{File: "-", Stdin: bytes.NewReader(file), Delimiter: ',',
					Encoding: said}); said != "" && err == nil && got == list {
					guessed++
				} else {
					t.Logf("%s in %s: asked with another first guess: %v %s", tongue, name, err, f.Text)
				}
			default:
				t.Errorf("%s in %s: %v", tongue, name, err)
			}
			if got, err := textOf(Config{File: "-", Stdin: bytes.NewReader(file), Delimiter: ',',
				Encoding: name}); err != nil || got != list {
				t.Errorf("%s with encoding: %s: %v\n%s", tongue, name, err, got)
			}
		}
	}
	if guessed < asked*9/10 {
		t.Errorf("the first guess was right for %d of %d", guessed, asked)
	}
	t.Logf("%d files: %d read, %d asked about, of which %d with the right first guess", files, read, asked, guessed)
	if files < 40 {
		t.Errorf("%d files", files)
	}
}

// textOf reads a list and writes it down again.
func textOf(cfg Config) (string, error) {
	l, err := Open(cfg)
	if err != nil {
		return "", err
	}
	defer l.Close()
	var b strings.Builder
	names := l.Header().names()
	b.WriteString(strings.Join(names, ",") + "\n")
	for row, err := range l.Rows(context.Background()) {
		if err != nil {
			return b.String(), err
		}
		b.WriteString(strings.Join(row.Fields, ",") + "\n")
	}
	return b.String(), nil
}

// TestUTF8ToTheEnd finds a byte that is not UTF-8 wherever in a long list it stands, and its line, also at the seams of
// what is read at once.
func TestUTF8ToTheEnd(t *testing.T) {
	t.Parallel()
	const rows = 40_000
	var list strings.Builder
	list.WriteString("email,name\r\n")
	for range rows {
		list.WriteString("a@example.com,Zoë ŠŽ 山田 \U0001F600\r\n")
	}
	whole := list.String()
	if _, err := Open(Config{File: "-", Stdin: strings.NewReader(whole)}); err != nil {
		t.Fatal(err)
	}
	for _, line := range []int{2, 6_000, 20_001, rows + 1} {
		lines := strings.SplitAfter(whole, "\n")
		lines[line-1] = "a@example.com,Zo\xeb\r\n"
		_, err := Open(Config{File: "-", Stdin: strings.NewReader(strings.Join(lines, ""))})
		var f *Fault
		if !errors.As(err, &f) || f.Code != "bad-encoding" || f.Place != "-:"+strconv.Itoa(line) {
			t.Errorf("line %d: %v", line, err)
		}
	}
}

// TestPacked reads what gzip and zstd made, and refuses what is cut off.
func TestPacked(t *testing.T) {
	t.Parallel()
	const list = "email,name\na@example.com,Zoë\n"
	var gz, zst bytes.Buffer
	g := gzip.NewWriter(&gz)
	z, _ := zstd.NewWriter(&zst)
	g.Write([]byte(list))
	z.Write([]byte(list))
	if err := errors.Join(g.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	for name, packed := range map[string][]byte{"gzip": gz.Bytes(), "zstd": zst.Bytes()} {
		if got, err := textOf(Config{File: "-", Stdin: bytes.NewReader(packed)}); err != nil || got != list {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		for n := 4; n < len(packed); n++ {
			if got, err := textOf(Config{File: "-", Stdin: bytes.NewReader(packed[:n])}); err == nil {
				t.Errorf("%s cut to %d bytes was read: %q", name, n, got)
			}
		}
	}
	var book bytes.Buffer
	g = gzip.NewWriter(&book)
	g.Write([]byte(workbooktest.Of(t, workbooktest.Inline(1, "email")+workbooktest.Inline(2, "a@example.com"), nil)))
	g.Close()
	if got, err := textOf(Config{File: "-", Stdin: &book}); err != nil || got != "email\na@example.com\n" {
		t.Errorf("a packed workbook: %q, %v", got, err)
	}
}
