# Words of the pages (English). Same keys as ja.ftl, in the same order.

## All pages
system-name = Home Medical and Nursing Care Network
skip-to-content = Skip to content
language = Language
to-home = Back to the start
try-again = Try again
reference-banner = Reference information
reference-note = Shared records are for reference in treatment and care. Records without an electronic signature are not warranted to be correct (article 20 of the regulation).
articles = Based on
incident = Incident number
incident-use = Please give this number when you call.
incident-whole = All digits
form-too-old = This page was open for too long. Please fill it in again.

## Inquiries
desk-title = Inquiries
desk-phone = Telephone
desk-hours = Hours
desk-hours-text = Monday to Friday, 9:00 to 17:00 (closed on national holidays and from 29 December to 3 January)
desk-open = We are open now.
desk-closed = We are closed now.
desk-next = We open next on
desk-next-end = .
desk-loss = Lost or stolen device
desk-loss-text = Call at once, at any hour of any day.

## Sign-in
sign-in-title = Sign in
sign-in-device = This device is registered
sign-in-user-id = User ID
sign-in-password = Password
sign-in-button = Sign in
sign-in-forgotten-title = If you do not know your user ID or password
sign-in-forgotten = Tell your facility administrator. The city will give you a new user ID and a new password (article 10 of the regulation).
sign-in-care = Let nobody else use your user ID and password (article 28). Handle personal information as the city's guidance says (article 15).
sign-in-idle = You were signed out because nothing happened for a while. Please sign in again.
sign-in-over = You were signed out because you had been signed in for a long time. Please sign in again.
sign-in-ended = Your earlier session has ended. Please sign in again.
sign-in-password-changed = Your password is changed. Please sign in with the new one.
sign-in-wrong = You are not signed in. Check the user ID and the password, and type them again.
sign-in-throttled = There were too many wrong attempts. { $count ->
        [one] Wait one second
       *[other] Wait { $count } seconds
    }, then try again.

## Change of password
change-title = Change your password
change-first-use = This is your first sign-in. Change the password you were handed to one of your own. Nothing else opens until you do (article 10-3 of the regulation).
change-current = Current password
change-current-paper = Password on your notice
change-new = New password
change-again = New password, once more
change-button = Change the password
change-rules-title = How to choose a password
change-rule-length = Use at least { $count } characters.
change-rule-user-id = It must not be or contain your user ID.
change-rule-known = Passwords that many people use, or that have become known, are refused.
change-rule-hint = A few unrelated words in a row are easy to remember and hard to guess. Symbols and digits are not needed.
change-rule-own = Do not use a password that you use elsewhere.
change-current-wrong = The current password is wrong.
change-too-short = The new password is too short. Use at least { $count } characters.
change-too-long = The new password is too long. Use at most { $count } characters.
change-like-user-id = The new password contains your user ID. Choose another one.
change-known = This password is used by many people or has become known. Choose another one.
change-same = The new password is the current one. Choose another one.
change-not-repeated = The two new passwords differ. Please type them again.

## Home
home-title = Start
home-honorific = { "" }
home-user-id = User ID
home-device = This device
home-previous = Previous sign-in
home-previous-none = This is your first
home-previous-doubt = If the previous sign-in was not yours, call your facility administrator and the city at once (articles 28 and 29 of the regulation).
home-persons = Persons you care for
home-persons-count = { $count ->
        [one] 1 person
       *[other] { $count } persons
    }
home-persons-none = There is nobody whose records you can read now. If you should be on a care team, ask your facility administrator.
home-more = More
home-history = See your access history
home-change-password = Change your password
sign-out-button = Sign out
role-member = Member
role-substitute = Substitute
role-on-call = On call at nights and weekends

## Own access history
history-title = Your access history
history-intro = This was done under your user ID. If any of it was not you, call your facility administrator and the city at once (article 28 of the regulation).
history-none = Nothing is recorded.
history-time = Time
history-person = Person
history-action = Action
history-category = Kind of record
history-outcome = Outcome
history-device = Device
history-older = Older
history-newer = Newer
history-pages = Pages of the history
history-several = { $count ->
        [one] 1 person
       *[other] { $count } persons
    }
history-nobody = Directory (nobody's record)
history-not-told = —
history-on-request = For older entries, ask the city.
action-read = Read
action-search = Search
action-create = Create
action-update = Update
action-delete = Delete
category-demographics = Demographics
category-team = Care team
category-consent = Consent
category-note = Note
category-observation = Observation
category-document = Document
category-plan = Care plan
category-medication = Medication
category-condition = Diagnoses, allergies, procedures
category-directory = Directory
shared-done = Done
shared-refused = Not permitted
shared-broken-off = Broken off

## Sign-out
signed-out-title = You are signed out
signed-out-what = Before you leave the device, make sure that no records are left on the screen.
signed-out-again = Sign in again

## Help with device certificates
help-call-title = Whom to call
help-call = Call your facility administrator. If you cannot reach them, call the city's desk.
help-clock = This page was made on
help-missing-title = No device certificate arrived
help-missing-what = This service works only on devices loaned by the city. This device sent no device certificate.
help-missing-steps = What you can try
help-missing-step-1 = Make sure that this is a device loaned by the city. Other devices cannot be used.
help-missing-step-2 = Close every window of the browser, quit it, and open it again.
help-missing-step-3 = When you are asked for a certificate, choose the one with the name of the device. If you cancel, you come back to this page.
help-expired-title = The device certificate has expired
help-expired-what = The certificate of this device is past its period of validity. A new one is needed.
help-expired-steps = What to check first
help-expired-step-1 = Check the clock of the device. If it is right, ask your facility administrator for a new certificate.
help-not-yet-valid-title = The device certificate is not valid yet
help-not-yet-valid-what = The certificate of this device cannot be used yet. Most often the clock of the device is slow.
help-not-yet-valid-steps = What you can try
help-not-yet-valid-step-1 = Check the date and time of the device, and set them right.
help-not-yet-valid-step-2 = Then try again.
help-revoked-title = The certificate of this device is revoked
help-revoked-what = After a report of loss, a change of device or the like, the certificate of this device is no longer valid. This cannot be undone.
help-revoked-steps = What to do now
help-revoked-step-1 = To use this device again you need a new certificate. Ask your facility administrator for one.
help-revoked-step-2 = If you found the device again after reporting it lost, say so too.
help-revoked-step-3 = If you reported nothing, ask your facility administrator at once.
help-unknown-title = The certificate of this device is not registered
help-unknown-what = The certificate that arrived was not issued and registered by the city, so it cannot be used.
help-unknown-steps = What you can try
help-unknown-step-1 = If this device holds more than one certificate, quit the browser, open it again, and choose the one with the name of the loaned device.

## Refusals
refused-what = What happened
refused-next = What to do
refused-wait = Wait about { $count ->
        [one] one second
       *[other] { $count } seconds
    }, then try again.
refusal-unreadable-title = The request cannot be accepted
refusal-unreadable-what = What was sent could not be read.
refusal-unreadable-next = Go back to the start and try again. If it happens again, call the city's desk with the incident number.
refusal-method-unknown-title = This program asks for something unknown
refusal-method-unknown-what = The request asks to do something that nobody here knows.
refusal-method-unknown-next = Use the browser or program that the city named. If it happens with that one, call the city's desk.
refusal-version-not-spoken-title = This program is too old
refusal-version-not-spoken-what = The program speaks another version of HTTP than is spoken here.
refusal-version-not-spoken-next = Use a newer browser or program.
refusal-target-too-long-title = The address is too long
refusal-target-too-long-what = The address that was asked for is longer than any address here.
refusal-target-too-long-next = Begin at the start, or search for less at once.
refusal-fields-too-large-title = Too much beside the request
refusal-fields-too-large-what = What the program sent along with the request is more than is taken.
refusal-fields-too-large-next = Delete the cookies of this address in the browser, then try again.
refusal-expectation-not-met-title = This program expects something else
refusal-expectation-not-met-what = The request expects something that is not done here.
refusal-expectation-not-met-next = Use the browser or program that the city named. If it happens with that one, call the city's desk.
refusal-misdirected-title = Open the page anew
refusal-misdirected-what = The request came over a connection to another address of ours.
refusal-misdirected-next = Open the page again; your browser will connect anew.
refusal-body-too-large-title = Too large
refusal-body-too-large-what = What was sent is larger than allowed.
refusal-body-too-large-next = Send it in parts, or make it smaller.
refusal-no-such-page-title = Page not found
refusal-no-such-page-what = There is no page at this address.
refusal-no-such-page-next = Check the address, or begin at the start.
refusal-method-not-allowed-title = This cannot be done here
refusal-method-not-allowed-what = This page does not allow that action.
refusal-method-not-allowed-next = Go back to the start and try again.
refusal-certificate-missing-title = No device certificate arrived
refusal-certificate-missing-what = The device sent no device certificate.
refusal-certificate-missing-next = Use a device loaned by the city.
refusal-certificate-expired-title = The device certificate has expired
refusal-certificate-expired-what = The device certificate is past its period of validity.
refusal-certificate-expired-next = Ask your facility administrator for a new certificate.
refusal-certificate-not-yet-valid-title = The device certificate is not valid yet
refusal-certificate-not-yet-valid-what = The device certificate cannot be used yet.
refusal-certificate-not-yet-valid-next = Check the date and time of the device.
refusal-certificate-revoked-title = The device certificate is revoked
refusal-certificate-revoked-what = The device certificate is revoked.
refusal-certificate-revoked-next = Call your facility administrator.
refusal-certificate-unknown-title = The device certificate is not registered
refusal-certificate-unknown-what = The certificate that arrived was not issued and registered by the city.
refusal-certificate-unknown-next = Call your facility administrator.
refusal-sign-in-required-title = Please sign in
refusal-sign-in-required-what = You must be signed in to see this.
refusal-sign-in-required-next = Sign in with your user ID and password.
refusal-session-idle-title = You are signed out
refusal-session-idle-what = You were signed out because nothing happened for a while.
refusal-session-idle-next = Please sign in again.
refusal-session-over-title = You are signed out
refusal-session-over-what = You were signed out because you had been signed in for a long time.
refusal-session-over-next = Please sign in again.
refusal-session-ended-title = Your session has ended
refusal-session-ended-what = Your earlier session has ended.
refusal-session-ended-next = Please sign in again.
refusal-wrong-credentials-title = You are not signed in
refusal-wrong-credentials-what = The user ID or the password is wrong.
refusal-wrong-credentials-next = Check the user ID and the password, and type them again.
refusal-password-unfit-title = This password cannot be used
refusal-password-unfit-what = The new password does not fit the rules.
refusal-password-unfit-next = Choose another one.
refusal-password-change-required-title = Please change your password
refusal-password-change-required-what = The password you were handed has not been changed yet.
refusal-password-change-required-next = First change it to one of your own.
refusal-foreign-form-title = Please open the page again
refusal-foreign-form-what = For safety, this form was not accepted. It was open for too long, or it came from another page.
refusal-foreign-form-next = Go back to the start and try again.
refusal-refused-title = Not permitted
refusal-refused-what = A rule does not permit this.
refusal-refused-next = Call your facility administrator. If you cannot reach them, call the city's desk.
refusal-not-available-title = There is nothing we can show you
refusal-not-available-what = This record does not exist, or you are not permitted to see it. We do not say which.
refusal-not-available-next = If you should be on the care team, ask your facility administrator.
refusal-service-stopped-title = The service is stopped
refusal-service-stopped-what = The city has stopped the service for the time being.
refusal-service-stopped-next = Until it goes on, use the telephone or other ways. Ask the city's desk when it is expected to go on.
refusal-too-many-requests-title = Please wait
refusal-too-many-requests-what = There were too many requests in a short time.
refusal-too-many-requests-next = Wait a little, then try again.
refusal-audit-unavailable-title = Not available now
refusal-audit-unavailable-what = The access cannot be recorded now, so nothing can be shown.
refusal-audit-unavailable-next = Wait a little, then try again. If it is urgent, use the telephone or other ways.
refusal-fault-title = Not available now
refusal-fault-what = Something failed on our side, so nothing can be shown.
refusal-fault-next = Wait a little, then try again. If it goes on, call the number below.
refusal-registry-stale-title = Not available now
refusal-registry-stale-what = The newest registrations cannot be checked now, so nothing can be shown.
refusal-registry-stale-next = Wait a little, then try again. If it is urgent, use the telephone or other ways.
refusal-store-unreachable-title = Not available now
refusal-store-unreachable-what = The record store cannot be reached.
refusal-store-unreachable-next = Wait a little, then try again. If it is urgent, use the telephone or other ways.
refusal-store-timeout-title = No answer in time
refusal-store-timeout-what = The record store did not answer in time. If you were writing, check whether it was saved.
refusal-store-timeout-next = Wait a little, then try again.
refusal-gateway-busy-title = Very busy
refusal-gateway-busy-what = So much is being asked for that there is no room for this now. Nothing was saved or changed.
refusal-gateway-busy-next = Try again in a few seconds. If it is urgent, use the telephone or other ways.
refusal-store-busy-title = Very busy
refusal-store-busy-what = So much is being asked of the record store that there is no room for this now. Nothing was saved or changed.
refusal-store-busy-next = Try again in a few seconds. If it is urgent, use the telephone or other ways.
refusal-store-resting-title = Not available now
refusal-store-resting-what = The record store has not answered lately. Nothing was saved or changed.
refusal-store-resting-next = Wait a little, then try again. If it is urgent, use the telephone or other ways.
refusal-store-misbehaves-title = Not available now
refusal-store-misbehaves-what = The record store gave a wrong answer, which was not shown.
refusal-store-misbehaves-next = If it happens again, call the city's desk with the incident number.
refusal-version-conflict-title = Somebody else was first
refusal-version-conflict-what = The record was updated after you opened it. What you typed was not saved.
refusal-version-conflict-next = Open the newest version, look at it, and type again.
refusal-several-fit-title = Several records fit
refusal-several-fit-what = The record to be written is described in a way that fits more than one. Nothing was saved.
refusal-several-fit-next = Open the record itself and change it there. If a program did this, tell whoever looks after it.
refusal-does-not-fit-title = The change does not fit
refusal-does-not-fit-what = The change does not fit the record as it is now. Nothing was saved.
refusal-does-not-fit-next = Open the newest version, look at it, and make the change again.
refusal-cut-title = The connection was ended
refusal-cut-what = The connection was ended because what permitted it has changed.
refusal-cut-next = Open the page again. If that fails, ask your facility administrator.

## Public information
outline-title = About the Home Medical and Nursing Care Network
outline-what-title = What it is
outline-what-1 = Medical institutions and care providers who look after people at home share what they know across professions, for better treatment and care.
outline-what-2 = Only records of people who consented are shared. Only users who care for that person, and whom the city has permitted, can see them.
outline-what-3 = Who saw which record, and when, is always recorded.
outline-facilities-title = Facilities
outline-facilities-intro = These facilities agreed to be named.
outline-facilities-count = { $count ->
        [one] 1 facility
       *[other] { $count } facilities
    }
outline-facilities-none = No facility is listed yet.
outline-address = Address
outline-phone = Telephone
outline-stop-title = The service is stopped
outline-stop-since = Stopped on
outline-stop-what = Facilities: until it goes on, use the telephone or other ways (article 26 of the regulation).

# Declaring an emergency
emergency-title = Declare an emergency
emergency-intro = Only where somebody who is not in your care is in danger of life or limb and cannot wait for you to join the care team, you may declare it and read records (article 41-1 of the regulation).
emergency-rules-title = Read this first
emergency-rule-told = The declaration, its reason and whatever you read are kept on record, and the city is told at once.
emergency-rule-what = You can read demographics, care team, observations, medication and conditions, unless they are labelled as sensitive. You cannot write.
emergency-rule-time = It ends by itself after { $count } minutes. End it on the start page as soon as you are done.
emergency-rule-nothing = With a wrong number, or without the person's consent, nothing can be read all the same. This page says the same for any number.
emergency-person = Number of the person
emergency-reason = Reason
emergency-confirm = I have read this. It is needed to protect life or limb.
emergency-button = Declare
emergency-person-unreadable = Type the person's number in digits, letters and hyphens.
emergency-reason-missing = Please give the reason.
emergency-reason-too-long = The reason is too long. Use at most { $count } characters.
emergency-not-confirmed = Please read the above and tick the box.
emergency-full = You have declared as many as you may for now. Wait a while, or call the city.
emergency-city-full = The city takes no more declarations for now, from anybody. Call the city.
home-emergency = Declared emergencies
home-emergency-until = Ends at
home-emergency-end = End this one
home-emergency-declare = Declare an emergency

## Reporting terminals and confirming revocations
home-terminals = Report a lost or stolen terminal
home-revocations = Confirm revocations of terminals
home-revocations-waiting = { $count ->
        [one] One is waiting
       *[other] { $count } are waiting
    }
terminals-title = Terminals, and reporting a loss
terminals-intro = Report a terminal as soon as it is lost or stolen. Its certificate is revoked at once (article 38-2 of the regulation).
terminals-mine = Terminals that you hold
terminals-mine-none = No terminal has been handed to you.
terminals-facility = Other terminals of the facility
terminals-holder = Held by
terminals-here = This is the terminal you are using.
terminals-report = Report it lost or stolen
terminals-revoked = It has no certificate that can be used.
report-title = Report a terminal lost or stolen
report-device = Terminal
report-here = This is the terminal you are using. Once reported, this page ends too.
report-rules-title = What happens then
report-rule-cut = Every certificate of this terminal is revoked, and whatever it has open is cut at once.
report-rule-final = It cannot be undone. A terminal that is found gets a new certificate.
report-rule-told = Who reported it, and when, is kept on record, and the facility administrator confirms the revocation.
report-stolen = Report it stolen
report-lost = Report it lost
report-back = To the terminals
revocations-title = Confirm revocations
revocations-intro = When the certificate of a terminal has been revoked, the facility administrator looks at it and puts on record that he has (article 38-3 of the regulation).
revocations-open = Waiting
revocations-none = No revocation is waiting.
revocations-done = Confirmed
revocation-because = Why
revocation-by = Reported by
revocation-when = Revoked at
revocation-ended = What was cut
revocation-connections = Connections cut
revocation-exchanges = Requests and transfers cut
revocation-last-octet = Last sent at
revocation-not-yet-known = Not yet known. Open this page again in a few seconds.
revocation-by-time = No number is on record, but nothing answers this terminal any more.
revocation-nothing-open = Nothing was open when it was revoked.
revocation-list = Number of the revocation list
revocation-not-listed = None yet
revocation-late = It was revoked more than an hour ago. Look at it, and confirm it.
revocation-overdue = It was revoked more than a day ago, so the city has been told.
revocation-confirm = I have seen that it is revoked
revocation-confirmed = Confirmed at
cause-stolen = Stolen
cause-lost = Lost
cause-copied = Copied certificate
cause-compromised = Unauthorised access
cause-misuse = Forbidden use
cause-broken = Broken
cause-retired = Out of use
cause-returned = Returned
cause-left = Its holder left
cause-replaced = Replaced by a new certificate
cause-closed = The facility closed
office-city = The city
office-contractor = The contractor
office-facility-administrator = The facility administrator
office-user = A user
office-system = Found automatically

## Ends of certificates, and the connection check
home-ending = The certificate of this terminal ends soon.
home-ending-what = After that the terminal cannot be used here. Tell the facility administrator, or ask the city for a new certificate.
home-ending-renew = Whoever looks after the terminal can renew it by:
home-expiring = Certificates that end soon
home-expiring-count = { $count ->
        [one] The certificate of one terminal of the facility ends soon, or has ended.
       *[other] The certificates of { $count } terminals of the facility end soon, or have ended.
    }
expiring-title = Certificates that end soon
expiring-intro = Terminals whose certificate ends within { $count } days, or has ended. Those that have been renewed are not shown (article 38 of the regulation).
expiring-none = There is no such terminal.
expiring-until = Valid until
expiring-left = { $count ->
        [one] One day left
       *[other] { $count } days left
    }
expiring-less-than-a-day = Less than a day left
expiring-over = It has ended
expiring-code = A code waits until
expiring-begun = The next certificate is being issued.
expiring-step-renew = Ask whoever holds the terminal to renew it before the end.
expiring-step-code = Where it cannot renew, or has ended, ask the city for a slip with a code.
expiring-step-return = Give terminals that are not used any more back to the city.
connection-title = Connection check
connection-good = The certificate of this terminal has arrived. The connection is in order.
connection-clock = Clock
connection-clock-what = This is the clock of the service. If the terminal's clock differs, set it right.
connection-certificate = Certificate
connection-renewal = Renewal
connection-level = How its key was made
connection-serial = Number of the certificate
connection-way = How it is connected
connection-version = Version of TLS
connection-suite = Cipher suite
connection-group = Key exchange
connection-no-group = That of the connection before
connection-http = Version of HTTP
connection-begun = The connection was
connection-again = Resumed
connection-anew = New
assurance-attested = In the terminal's hardware, attested by its maker
assurance-tpm = In the terminal's hardware
assurance-software = On the terminal
assurance-container = Outside the terminal, and carried in a file
renewal-not-yet = Not needed yet.
renewal-due = It is time to renew. Tell the facility administrator.
renewal-newer = This terminal has a newer certificate. Close the browser, open it again, and choose the newer one.
