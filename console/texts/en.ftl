# What the pages of the enrolment door say (English). The same keys as ja.ftl, in the same order.

language = Language
device = Number of the terminal
code = Code
about-code = 20 characters, capitals or not, with or without hyphens. It can be used once.
not-allowed = The terminal's number or its code is wrong, or the code cannot be used any more. Look again what was typed; if it still fails, ask the desk for a new code.
refused = No certificate can be issued for this terminal at present. Ask the desk.
fault = Nothing can be issued at the moment. Ask the desk.
too-many = Too much is asked from this address. Wait a while and try again.

## From a request (CSR)
request-title = Get the certificate of this terminal
request-what = Type what stands on the slip from the city's desk. The certificate is saved as a file.
request-file = File with the certification request (CSR)
request-text = Where no file can be chosen: paste the request (CSR)
request-about = Choose the CSR file that was made on the terminal, or open it with a text editor and paste all of it, from the line “-----BEGIN” to the line “-----END”. Never send the private key.
request-send = Get the certificate
request-unusable = The request (CSR) that was sent cannot be used. The code has not been used up.

## A file with key and certificate (PKCS#12)
container-title = Get the file with key and certificate
container-what = For terminals that cannot make a key of their own. Type the password of the second sheet. The file can be fetched once.
container-password = Password
container-about-password = It stands on the sheet that came apart from the first. The terminal will ask for it too when the file is imported: type it there exactly so, hyphens included.
container-encoding = Form of the file
container-current = Current (AES): Windows 10 and later, recent Android
container-older = Older (3DES): iPhone, iPad and Mac, older Windows
container-send = Get the file
container-not-allowed = The terminal's number, its code or the password is wrong, or the code cannot be used any more. Look again what was typed; if it still fails, ask the desk for new sheets.
container-unusable = What was sent cannot be read. The code has not been used up.

## Connection check
connection-title = Connection check
connection-what = Whoever sees this page has reached the door where certificates are fetched. No certificate is needed here.
connection-clock = The clock of this door (if the terminal's clock differs, set it right)
connection-certificate = Certificate
connection-shown = One has arrived.
connection-none = None has arrived.
connection-version = Protocols
connection-suite = Cipher suite
connection-group = Key exchange
connection-browser = What the browser calls itself
connection-on = Whether the terminal's certificate works is seen here:
