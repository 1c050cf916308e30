package placeholder

// names are what fields about a person are called in other tools and in several languages, without blanks, hyphens and
// underscores.
var names = []string{
	"name", "fname", "lname", "mname", "firstname", "lastname", "fullname", "surname", "givenname", "familyname",
	"middlename", "nickname", "username", "salutation", "title", "greeting",
	"email", "emailaddress", "mail", "phone", "phonenumber", "mobile", "company", "companyname", "organization",
	"organisation", "jobtitle", "street", "city", "zip", "zipcode", "postcode", "postalcode", "country",
	"recipient", "recipientname", "customer", "customername", "clientname", "yourname", "insertname",
	"customerfirstname", "contactname", "membername", "subscribername", "subscriberfirstname", "studentname",
	"invoicenumber", "ordernumber", "unsubscribeurl", "unsubscribelink",
	// German, French, Spanish, Italian, Portuguese, Dutch, Polish, Swedish, Turkish
	"vorname", "nachname", "anrede", "briefanrede", "firma", "strasse", "straße", "plz", "kundennummer",
	"prénom", "prenom", "nom", "civilité", "civilite", "société", "adresse", "ville",
	"nombre", "apellido", "apellidos", "correo", "empresa", "ciudad",
	"nome", "cognome", "azienda", "sobrenome", "primeironome",
	"voornaam", "achternaam", "aanhef", "imię", "imie", "nazwisko", "förnamn", "efternamn", "soyad", "isim",
	// Russian, Greek, Persian, Arabic, Chinese, Japanese
	"имя", "фамилия", "отчество", "όνομα", "نام", "الاسم", "姓名", "名前", "氏名", "お名前",
}

// common are words that people write in brackets and also call columns.
var common = []string{
	"link", "url", "here", "image", "img", "logo", "date", "note", "text", "id", "no", "yes", "x", "y", "n", "page",
	"code", "more", "ok", "new", "info", "photo", "picture", "video", "pdf", "file",
}

// variables are those of Windows, which a message about computers may name.
var variables = []string{
	"APPDATA", "LOCALAPPDATA", "TEMP", "TMP", "PATH", "USERPROFILE", "WINDIR", "SYSTEMROOT", "PROGRAMFILES",
	"PROGRAMDATA", "HOMEPATH", "HOMEDRIVE", "COMPUTERNAME", "SYSTEMDRIVE", "COMSPEC", "PUBLIC", "ALLUSERSPROFILE",
	"ERRORLEVEL", "windir", "SystemRoot", "ProgramFiles", "userprofile", "appdata", "temp",
}
