"""The invented city of 水花道市: its facilities, users, and the persons whose stories the demo and the tests tell.

No person, facility, address or number here exists. Words and field names are those of the registry.
"""

AREAS = {"honcho": "本町", "kawabata": "川端", "okano": "丘野"}

# Long past, so that everything has begun whatever the clock of the machine says.
BEGAN = "2025-04-01T00:00:00+09:00"
SIGNED = "2025-03-10T00:00:00+09:00"
RECEIVED = "2025-03-14T00:00:00+09:00"
ENDED = "2025-09-30T00:00:00+09:00"

OFFICERS = [
    {"office": "city-officer", "name": "officer-ito", "text": "水花道市 保安担当 伊藤"},
    {"office": "city-officer", "name": "officer-mori", "text": "水花道市 保安担当 森"},
    {"office": "city-clerk", "name": "clerk-abe", "text": "水花道市 長寿介護課 阿部"},
    {"office": "contractor", "name": "operator-kudo", "text": "受託事業者 運用担当 工藤"},
]

# id, name, kind, area, publish_consent, administrator (key, name), state
FACILITIES = [
    ("F-clinic", "水花道在宅クリニック", "medical-institution", "honcho", True, ("K-nakamura", "中村 健一"), "approved"),
    ("F-nursing", "みずかど訪問看護ステーション", "nursing-station", "honcho", True, ("K-ono", "小野 彩"), "approved"),
    ("F-pharmacy", "本町さくら薬局", "pharmacy", "honcho", True, ("K-kobayashi", "小林 由佳"), "approved"),
    ("F-careplan", "居宅介護支援事業所 ひなた", "care-manager-office", "honcho", True, ("K-kato", "加藤 久美"), "approved"),
    ("F-rehab", "川端リハビリセンター", "care-provider", "kawabata", True, ("K-yamamoto", "山本 拓也"), "approved"),
    ("F-helper", "ホームヘルプ水花道", "care-provider", "kawabata", False, ("K-oka", "岡 正子"), "approved"),
    ("F-support", "水花道市地域包括支援センター", "support-centre", "honcho", True, ("K-ishii", "石井 正樹"), "approved"),
    ("F-north", "北浜訪問看護ステーション", "nursing-station", "okano", True, ("K-tamura", "田村 恵"), "approved"),
    ("F-hill", "丘野診療所", "medical-institution", "okano", True, ("K-hayashi", "林 直樹"), "approved"),
    ("F-closed", "旧町デイサービス", "care-provider", "okano", False, ("K-oda", "小田 進"), "closed"),
]

# key, name, kana, user ID, facility, profession, recognised_by, device label
USERS = [
    ("K-sato", "佐藤 美咲", "サトウ ミサキ", "U-sato", "F-nursing", "nurse", None, "訪看タブレット 1"),
    ("K-ono", "小野 彩", "オノ アヤ", "U-ono", "F-nursing", "nurse", None, "訪看タブレット 2"),
    ("K-nakamura", "中村 健一", "ナカムラ ケンイチ", "U-nakamura", "F-clinic", "doctor", None, "診療ノートPC 1"),
    ("K-kobayashi", "小林 由佳", "コバヤシ ユカ", "U-kobayashi", "F-pharmacy", "pharmacist", None, "薬局タブレット 1"),
    ("K-kato", "加藤 久美", "カトウ クミ", "U-kato", "F-careplan", "care-manager", None, "居宅ノートPC 1"),
    ("K-yamamoto", "山本 拓也", "ヤマモト タクヤ", "U-yamamoto", "F-rehab", "therapist", None, "リハビリタブレット 1"),
    ("K-matsuda", "松田 ひろみ", "マツダ ヒロミ", "U-matsuda", "F-helper", "care-recognised", "ホームヘルプ水花道", "ヘルパースマートフォン 1"),
    ("K-ishii", "石井 正樹", "イシイ マサキ", "U-ishii", "F-support", "support-centre", None, "包括ノートPC 1"),
    ("K-tamura", "田村 恵", "タムラ メグミ", "U-tamura", "F-north", "nurse", None, "北浜タブレット 1"),
    ("K-hayashi", "林 直樹", "ハヤシ ナオキ", "U-hayashi", "F-hill", "doctor", None, "丘野ノートPC 1"),
    ("K-ogawa", "小川 真由", "オガワ マユ", "U-ogawa", "F-clinic", "dietitian", None, "診療タブレット 2"),
    ("K-hirano", "平野 誠", "ヒラノ マコト", "U-hirano", "F-clinic", "medical-recognised", "水花道在宅クリニック", "診療タブレット 3"),
    ("K-aoki", "青木 静", "アオキ シズカ", "U-aoki", "F-support", "city-recognised", "水花道市", "包括タブレット 2"),
    ("K-oda", "小田 進", "オダ ススム", "U-oda", "F-closed", "care-recognised", "旧町デイサービス", "デイタブレット 1"),
]

SEVEN = ["K-sato", "K-nakamura", "K-kobayashi", "K-kato", "K-yamamoto", "K-matsuda", "K-ishii"]
NORTH = ["K-tamura", "K-hayashi", "K-kato"]


def consent(disaster, given_by="person", reason=None, state="given", share=True):
    return {"state": state, "store": True, "share": share, "disaster": disaster, "given_by": given_by, "reason": reason}


# person -> area, eligible until, consent, team (a key, or a key with role, from, until), story
STORIES = {
    "P-0001": ("honcho", None, consent(True), SEVEN + [("K-ono", "on-call", BEGAN, None)],
               "team of seven professions; consent with disaster use"),
    "P-0002": ("honcho", None, consent(False), ["K-sato", "K-nakamura", "K-kato", "K-ogawa", ("K-oda", "member", BEGAN, ENDED)],
               "on the nurse's team; consent without disaster use"),
    "P-0003": ("kawabata", None, consent(True, "family", "認知症のため、長女が代わって記入"),
               ["K-sato", "K-nakamura", "K-kobayashi", "K-hirano", "K-aoki"],
               "on the nurse's team; consent given by family"),
    "P-0004": ("honcho", None, None, ["K-sato", "K-nakamura", "K-kato"],
               "no consent form was ever received: nobody reads, though a team is named"),
    "P-0005": ("honcho", None, consent(True, state="support-stopped"), ["K-sato", "K-nakamura", "K-kobayashi"],
               "consent withdrawn: support stopped"),
    "P-0006": ("kawabata", None, consent(True), NORTH,
               "not on the nurse's team; consent with disaster use, in the area of kawabata"),
    "P-0007": ("kawabata", None, consent(False), NORTH,
               "not on the nurse's team; consent without disaster use, in the area of kawabata"),
    "P-0008": ("okano", None, consent(True), ["K-tamura", "K-hayashi"],
               "no team member in common with the nurse's persons"),
    "P-0009": ("okano", None, consent(False, "relative", "身寄りがなく、甥が代わって記入"), ["K-tamura", "K-hayashi"],
               "no team member in common; consent given by a relative"),
    "P-0010": ("honcho", None, consent(False), [("K-sato", "member", BEGAN, ENDED), "K-ono", "K-nakamura"],
               "the nurse was on the team until the end of September 2025"),
    "P-0011": ("honcho", None, consent(True, share=False), ["K-sato", "K-nakamura"],
               "consent to storing, but not to sharing"),
    "P-0012": ("honcho", "2025-12-31T00:00:00+09:00", consent(False), ["K-sato", "K-kato"],
               "moved to another city: no longer eligible"),
}

# The records that answer wrongly belong to this person (see the README).
TEST_PERSON = "P-0900"
TEST_STORY = ("honcho", None, consent(True), ["K-sato", "K-nakamura"], "records that misbehave, for tests of the gateway")

# What each profession writes into the notes (連絡帳).
NOTES = {
    "nurse": ["訪問しました。血圧、脈拍とも安定しています。{symptom}の訴えはありません。",
              "仙骨部の発赤は軽くなっています。体位変換を続けてください。",
              "内服の飲み忘れが2回分ありました。お薬カレンダーを食卓へ移しました。",
              "下肢のむくみがやや強く、体重が前回から1.2kg増えています。先生へ報告済みです。"],
    "doctor": ["往診しました。{symptom}は落ち着いています。処方は変更ありません。",
               "採血の結果、腎機能はおおむね横ばいです。水分は1日1200mlを目安にしてください。",
               "利尿薬を半分に減らします。体重が増えるときは連絡をください。"],
    "pharmacist": ["お薬をお届けし、一包化しました。残薬は7日分です。",
                   "湿布の貼り過ぎがありました。1日1枚までとお伝えしました。"],
    "care-manager": ["担当者会議を来週火曜日14時に予定しています。ご都合をお知らせください。",
                     "ご家族の希望で、来月から通所を週2回に増やします。"],
    "therapist": ["室内の歩行は見守りで20mできました。段差では手すりを使っています。",
                  "立ち上がりの練習を10回行いました。疲れは残っていません。"],
    "care-recognised": ["昼食は8割食べられました。水分は300mlです。",
                        "入浴を介助しました。皮膚に傷はありません。",
                        "お話の途中で{symptom}があるとのことでした。看護師さんへ連絡しました。"],
    "support-centre": ["地域の見守り訪問を月2回に増やしました。",
                       "ご家族から相談がありました。介護の負担について、来週伺います。"],
    "dietitian": ["減塩食の献立をお渡ししました。1日6g未満が目標です。"],
    "medical-recognised": ["退院後の書類をご家族へお渡ししました。"],
    "city-recognised": ["配食サービスの利用が始まりました。"],
}
SYMPTOMS = ["痛み", "息切れ", "めまい", "咳", "便秘", "眠れないこと"]
