# 証明書の窓口の画面のことば(日本語)。en.ftl と同じ見出しを、同じ順に並べる。

language = 言語
device = 端末番号
code = 登録コード
about-code = 20文字です。大文字・小文字、ハイフンの有無は問いません。1回だけ使えます。
not-allowed = 端末番号か登録コードが正しくないか、コードがもう使えません。入力を確かめ、それでもできなければ窓口で新しいコードを受け取ってください。
refused = この端末には今、証明書を発行できません。窓口にお問い合わせください。
refused-key = この鍵は、ほかの端末で使われているか、盗難・紛失などで使えなくなったものです。端末で新しい鍵を作り、その申請(CSR)を送ってください。
refused-full = この端末には有効な証明書がすでに上限まであります。使っていない証明書の失効を窓口に依頼してください。
fault = ただいま発行できません。窓口にお問い合わせください。
too-many = この接続元から誤ったコードが続いたため、しばらくこの端末番号(誤りが多いときはすべての番号)を受け付けません。1時間ほどおくか、別の接続元からお試しください。新しいコードを受け取っても、同じ接続元からは早くなりません。
root = 市のルート証明書
root-what = この窓口と業務の画面を信頼するために端末に入れます。入れる前に、次の値が票のものと同じであることを必ず確かめてください。

## 申請(CSR)から
request-title = 端末の証明書を受け取る
request-what = 市の窓口で受け取った票を見て入力してください。証明書がファイルで保存されます。
request-file = 証明書の申請(CSR)のファイル
request-text = ファイルを選べないときは、申請(CSR)を貼り付ける
request-about = 端末で作ったCSRのファイルを選ぶか、メモ帳などで開いて「-----BEGIN」から「-----END」の行までをすべて貼り付けてください。秘密鍵は送らないでください。
request-send = 証明書を受け取る
request-unusable = 送られた申請(CSR)を読み取れません。CSRのファイルを選び直してください。この送信でコードは使われていません。
request-nothing = 申請(CSR)が送られていません。ファイルを選ぶか、内容を貼り付けてください。
request-secret = 秘密鍵が送られました。秘密鍵は人に渡してはならないものです。この鍵はもう使わず、端末で新しい鍵を作り、その申請(CSR)を送ってください。送られた鍵は保存していません。
request-certificate = 証明書が送られました。送るのは、端末で作った申請(CSR)です。
request-unsigned = 送られた申請(CSR)は、その鍵で署名されていません。端末で申請を作り直してください。この送信でコードは使われていません。
request-key = 送られた申請(CSR)の鍵は、種類か長さが合わないか、弱い鍵です。P-256、P-384、または2048〜4096ビットのRSAで鍵を作り直してください。この送信でコードは使われていません。

## 鍵と証明書のファイル(PKCS#12)
container-title = 鍵と証明書のファイルを受け取る
container-what = 自分で鍵を作れない端末のための画面です。2枚目の票のパスワードを入力してください。ファイルは1回だけ受け取れます。
container-password = パスワード
container-about-password = 1枚目とは別に受け取った票にあります。受け取ったファイルを端末に入れるときにも、このままの形(ハイフンを含む)で使います。
container-encoding = ファイルの形式
container-current = 新しい形式(AES)。Windows 10 以降、最近の Android など
container-older = 古い形式(3DES)。iPhone・iPad・Mac、古い Windows
container-send = ファイルを受け取る
container-not-allowed = 端末番号、登録コード、パスワードのどれかが正しくないか、コードがもう使えません。入力を確かめ、それでもできなければ窓口で新しい票を受け取ってください。
container-unusable = 入力を読み取れません。

## 接続診断
connection-title = 接続診断
connection-what = この画面が見えていれば、証明書の窓口につながっています。電子証明書は、ここでは必要ありません。
connection-clock = この窓口の時計(端末の時計と違うときは、端末の時計を合わせてください)
connection-certificate = 電子証明書
connection-shown = 届いています。
connection-none = 届いていません。
connection-version = 通信の方式
connection-suite = 暗号の種類
connection-group = 鍵の交換方式
connection-browser = ブラウザーの名乗り
connection-on = 端末の電子証明書が使えるかどうかは、次の画面で確かめます。
