# What the pages of the enrolment door say (English). The same keys as ja.ftl, in the same order.

language = Language
device = Number of the terminal
code = Code
about-code = 20 characters, capitals or not, with or without hyphens. It can be used once.
not-allowed = The terminal's number or its code is wrong, or the code cannot be used any more. Look again what was typed; if it still fails, ask the desk for a new code.
refused = No certificate can be issued for this terminal at present. Ask the desk.
refused-key = This key is another terminal's, or was lost, stolen or copied. Make a new key on the terminal, and send its request (CSR).
refused-full = This terminal has as many certificates in force as it may have. Ask the desk to revoke those that are not used.
fault = Nothing can be issued at the moment. Ask the desk.
too-many = There were too many wrong codes from this address: this terminal (after many, every terminal) is not heard from it for a while. Wait an hour, or use another address. A new code makes it no shorter.
root = The city's root certificate
root-what = Terminals need it to trust this desk and the service. Before it goes in, be sure that this value is the one on the slip.

## From a request (CSR)
request-title = Get the certificate of this terminal
request-what = Type what stands on the slip from the city's desk. The certificate is saved as a file.
request-file = File with the certification request (CSR)
request-text = Where no file can be chosen: paste the request (CSR)
request-about = Choose the CSR file that was made on the terminal, or open it with a text editor and paste all of it, from the line “-----BEGIN” to the line “-----END”. Never send the private key.
request-send = Get the certificate
request-unusable = The request (CSR) that was sent cannot be read. Choose the CSR file again. No code was used up by this.
request-nothing = No request (CSR) was sent. Choose the file, or paste what is in it.
request-secret = A private key was sent. It is a secret that nobody may be given: do not use it any more, make a new key on the terminal, and send its request (CSR). What was sent is not kept.
request-certificate = A certificate was sent. What is wanted is the request (CSR) that was made on the terminal.
request-unsigned = The request (CSR) that was sent is not signed by its own key. Make the request anew on the terminal. No code was used up by this.
request-key = The key of the request (CSR) that was sent is of another kind or length than is taken, or weak. Make a new key: P-256, P-384, or RSA of 2048 to 4096 bits. No code was used up by this.

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
container-unusable = What was sent cannot be read.

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
