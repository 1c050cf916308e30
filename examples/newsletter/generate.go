//go:build ignore

// This program writes people.csv, the newsletter's list: 200 people who do not
// exist, with names from many scripts and addresses at domains reserved for
// examples. Run it in this folder: go run generate.go
package main

import (
	"encoding/csv"
	"fmt"
	"log"
	"os"
	"strings"
)

// A name is written as its owner writes it, and in letters fit for an address.
type name struct{ written, plain string }

// Five given names and two family names make the ten people of each group.
type group struct {
	given     [5]name
	family    [2]name
	cities    [2]string
	surnameAt string // "first" where the family name comes first
	joint     string // between the two; a blank where it is empty and the family name comes last
}

var groups = []group{
	{given: [5]name{{"Ada", "ada"}, {"Grace", "grace"}, {"Miles", "miles"}, {"Owen", "owen"}, {"Ruth", "ruth"}},
		family: [2]name{{"O'Dell", "odell"}, {"Smith-Hale", "smith-hale"}}, cities: [2]string{"Washington, DC", "Leeds"}},
	{given: [5]name{{"Jörg", "joerg"}, {"Käthe", "kaethe"}, {"Ute", "ute"}, {"Björn", "bjoern"},
		{"Anneliese", "anneliese"}},
		family: [2]name{{"Weiß", "weiss"}, {"von der Mühle", "von.der.muehle"}}, cities: [2]string{"Köln", "Görlitz"}},
	{given: [5]name{{"Zoé", "zoe"}, {"François", "francois"}, {"Hélène", "helene"}, {"Noël", "noel"},
		{"Maëlle", "maelle"}},
		family: [2]name{{"L'Hôte", "lhote"}, {"Cœurdevey", "coeurdevey"}}, cities: [2]string{"Besançon", "Nîmes"}},
	{given: [5]name{{"Łucja", "lucja"}, {"Grażyna", "grazyna"}, {"Świętosław", "swietoslaw"}, {"Józef", "jozef"},
		{"Małgorzata", "malgorzata"}},
		family: [2]name{{"Żółw", "zolw"}, {"Ślęzak", "slezak"}}, cities: [2]string{"Łódź", "Gdańsk"}},
	{given: [5]name{{"Jiří", "jiri"}, {"Růžena", "ruzena"}, {"Šárka", "sarka"}, {"Matěj", "matej"}, {"Ľubica", "lubica"}},
		family: [2]name{{"Říha", "riha"}, {"Kočiš", "kocis"}}, cities: [2]string{"Plzeň", "Košice"}},
	{given: [5]name{{"İpek", "ipek"}, {"Çağrı", "cagri"}, {"Işıl", "isil"}, {"Gökhan", "gokhan"}, {"Şule", "sule"}},
		family: [2]name{{"Öztürk", "ozturk"}, {"Yıldız", "yildiz"}}, cities: [2]string{"İzmir", "Diyarbakır"}},
	{given: [5]name{{"Ngọc", "ngoc"}, {"Thuỷ", "thuy"}, {"Dũng", "dung"}, {"Hương", "huong"}, {"Đức", "duc"}},
		family: [2]name{{"Nguyễn Thị", "nguyen.thi"}, {"Phạm", "pham"}}, cities: [2]string{"Huế", "Đà Nẵng"},
		surnameAt: "first", joint: " "},
	{given: [5]name{{"Ελένη", "eleni"}, {"Γιώργος", "giorgos"}, {"Χρύσα", "chrysa"}, {"Ίων", "ion"},
		{"Δήμητρα", "dimitra"}},
		family: [2]name{{"Ψαράς", "psaras"}, {"Ξένου", "xenou"}}, cities: [2]string{"Θεσσαλονίκη", "Πάτρα"}},
	{given: [5]name{{"Ёлка", "yolka"}, {"Фёдор", "fyodor"}, {"Жанна", "zhanna"}, {"Игорь", "igor"}, {"Любовь", "lyubov"}},
		family: [2]name{{"Щербак", "shcherbak"}, {"Цветай", "tsvetay"}}, cities: [2]string{"Алматы", "Бишкек"}},
	{given: [5]name{{"Їжак", "yizhak"}, {"Ґалина", "galyna"}, {"Юрій", "yuriy"}, {"Євгенія", "yevheniya"},
		{"Соломія", "solomiya"}},
		family: [2]name{{"Кучерявенко", "kucheryavenko"}, {"Дзюба", "dzyuba"}}, cities: [2]string{"Київ", "Львів"}},
	{given: [5]name{{"Անահիտ", "anahit"}, {"Գարիկ", "garik"}, {"Լուսինե", "lusine"}, {"Վահե", "vahe"}, {"Նարե", "nare"}},
		family: [2]name{{"Խաչյան", "khachyan"}, {"Ղուկասյան", "ghukasyan"}}, cities: [2]string{"Երևան", "Գյումրի"}},
	{given: [5]name{{"ნინო", "nino"}, {"გიორგი", "giorgi"}, {"თამარი", "tamari"}, {"ვახტანგი", "vakhtangi"},
		{"ეთერი", "eteri"}},
		family: [2]name{{"ჭავჭია", "chavchia"}, {"წიკლაური", "tsiklauri"}}, cities: [2]string{"თბილისი", "ბათუმი"}},
	{given: [5]name{{"נועה", "noa"}, {"איתן", "eitan"}, {"שירה", "shira"}, {"יעל", "yael"}, {"אורי", "uri"}},
		family: [2]name{{"בן־צבי", "ben-zvi"}, {"כהנא", "kahana"}}, cities: [2]string{"חיפה", "באר שבע"}},
	{given: [5]name{{"ليلى", "layla"}, {"يوسف", "yusuf"}, {"هدى", "huda"}, {"عمر", "omar"}, {"سُعاد", "suad"}},
		family: [2]name{{"الحدّاد", "al-haddad"}, {"أبو شقرة", "abu.shaqra"}}, cities: [2]string{"دمشق", "الدار البيضاء"}},
	{given: [5]name{{"سارا", "sara"}, {"کیوان", "keyvan"}, {"مه‌لقا", "mahlagha"}, {"پوریا", "pouria"},
		{"ژاله", "zhaleh"}},
		family: [2]name{{"گلی‌پور", "golipour"}, {"نیک‌اختر", "nikakhtar"}}, cities: [2]string{"تهران", "اصفهان"}},
	{given: [5]name{{"आरती", "aarti"}, {"विक्रम", "vikram"}, {"श्रुति", "shruti"}, {"गौरव", "gaurav"}, {"ऋचा", "richa"}},
		family: [2]name{{"क्षीरसागर", "kshirsagar"}, {"द्विवेदी", "dwivedi"}}, cities: [2]string{"पुणे", "वाराणसी"}},
	{given: [5]name{{"ஆதிரை", "aadhirai"}, {"செல்வன்", "selvan"}, {"கயல்", "kayal"}, {"மணி", "mani"},
		{"யாழினி", "yazhini"}},
		family: [2]name{{"ந.", "n"}, {"கு. இரா.", "k.r"}}, cities: [2]string{"மதுரை", "யாழ்ப்பாணம்"}},
	{given: [5]name{{"กัญญา", "kanya"}, {"ธีรเดช", "teeradet"}, {"ฟ้าใส", "fahsai"}, {"ณัฐ", "nat"},
		{"อิ่มบุญ", "imboon"}},
		family: [2]name{{"ศรีสุข", "srisuk"}, {"วงศ์ไทย", "wongthai"}}, cities: [2]string{"เชียงใหม่", "ขอนแก่น"}},
	{given: [5]name{{"小梅", "xiaomei"}, {"伟", "wei"}, {"雅婷", "yating"}, {"子轩", "zixuan"}, {"秀英", "xiuying"}},
		family: [2]name{{"欧阳", "ouyang"}, {"陈", "chen"}}, cities: [2]string{"成都", "台中"}, surnameAt: "first"},
	{given: [5]name{{"さくら", "sakura"}, {"健太", "kenta"}, {"지우", "jiu"}, {"ユキ", "yuki"}, {"민준", "minjun"}},
		family: [2]name{{"佐々木", "sasaki"}, {"한", "han"}}, cities: [2]string{"札幌", "부산"}, surnameAt: "first"},
}

var topics = []string{"novels", "poetry", "comics", "history", "translation", "readings for children",
	"R&B and jazz evenings"}

func main() {
	f, err := os.Create("people.csv")
	if err != nil {
		log.Fatal(err)
	}
	w := csv.NewWriter(f)
	w.Write([]string{"email", "name", "city", "member_since", "topics"})
	n := 0
	for _, g := range groups {
		for _, given := range g.given {
			for i, family := range g.family {
				full, local := given.written+" "+family.written, given.plain+"."+family.plain
				if g.surnameAt == "first" {
					full = family.written + g.joint + given.written
				}
				email := local + "@" + []string{"example.com", "example.org", "example.net"}[n%3]
				since := fmt.Sprintf("%d-%02d-%02d", 2015+n%11, 1+n*5%12, 1+n*7%28)
				var likes []string
				for k := range n % 4 {
					likes = append(likes, topics[(n+k*2)%len(topics)])
				}
				w.Write([]string{email, full, g.cities[i], since, strings.Join(likes, ";")})
				n++
			}
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}
