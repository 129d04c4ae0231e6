<#
.SYNOPSIS
Makes a key on this PC, in its TPM where there is one, and fetches the certificate for it by the code on the slip.

.DESCRIPTION
The key cannot be exported, and never leaves this PC (art. 38-1). Windows' own certreq makes it, in the user's store, so no
administrator's rights are needed. PowerShell 5.1 or later. The city's root certificate must be trusted on this PC already.
Windows 10 speaks TLS 1.2 only: the city then needs `profile = "compatibility"` in its settings.

With -RemoveOlder, certificates of this terminal that the city issued before, and that end earlier, are taken out of the store: else
browsers ask which one to use. Without it they are listed. See first that the new one works.

.EXAMPLE
.\enrol.ps1 -Gateway https://care.example.jp:8450 -Device D-0001 -Code 7K3VD-9XQ2M-04T7W-HB5NC
#>
param(
    [Parameter(Mandatory = $true)] [ValidatePattern('^https://')] [string] $Gateway,
    [Parameter(Mandatory = $true)] [ValidatePattern('^[A-Za-z0-9._-]{1,64}$')] [string] $Device,
    [Parameter(Mandatory = $true)] [string] $Code,
    [switch] $RemoveOlder
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$folder = New-Item -ItemType Directory -Path (Join-Path ([IO.Path]::GetTempPath()) ([guid]::NewGuid().ToString()))
$policy = Join-Path $folder 'request.inf'
$request = Join-Path $folder 'request.csr'
$answer = Join-Path $folder 'answer.p7b'

# certreq reports by its exit code, which PowerShell does not take for an error.
function New-Request([string] $Provider) {
    @"
[Version]
Signature = "`$Windows NT`$"
[NewRequest]
Subject = "CN=$Device"
ProviderName = "$Provider"
KeyAlgorithm = ECDSA_P256
KeyLength = 256
HashAlgorithm = SHA256
Exportable = FALSE
MachineKeySet = FALSE
RequestType = PKCS10
Silent = TRUE
"@ | Set-Content -Path $policy -Encoding Ascii
    if (Test-Path $request) { Remove-Item $request }
    & certreq.exe -new -q $policy $request | Out-Null
    return ($LASTEXITCODE -eq 0) -and (Test-Path $request)
}

try {
    if (-not (New-Request 'Microsoft Platform Crypto Provider')) {
        Write-Warning 'この PC の TPM では鍵を作れませんでした。鍵はソフトウェアで保管します(取り出しは不可)。 / This PC has no TPM that makes the key. It is kept by software, and cannot be exported.'
        if (-not (New-Request 'Microsoft Software Key Storage Provider')) {
            throw '鍵を作れませんでした。 / No key could be made.'
        }
    }
    $credentials = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes("${Device}:${Code}"))
    $reply = Invoke-WebRequest -UseBasicParsing -Method Post -Uri "$($Gateway.TrimEnd('/'))/.well-known/est/simpleenroll" `
        -ContentType 'application/pkcs10' -Headers @{ Authorization = "Basic $credentials" } `
        -Body ([IO.File]::ReadAllBytes($request))
    $text = $reply.Content
    if ($text -is [byte[]]) { $text = [Text.Encoding]::ASCII.GetString($text) }
    [IO.File]::WriteAllBytes($answer, [Convert]::FromBase64String(($text -replace '\s', '')))
    & certreq.exe -accept -user -q $answer | Out-Null
    if ($LASTEXITCODE -ne 0) {
        throw '証明書を取り込めませんでした。市のルート証明書が信頼されているか確かめてください。 / The certificate could not be installed; is the root of the city trusted on this PC?'
    }
    Write-Output "端末 $Device の証明書を取り込みました。 / The certificate of device $Device is installed."
    # What this terminal had before would only be offered for a choice.
    $given = New-Object Security.Cryptography.X509Certificates.X509Certificate2Collection
    $given.Import($answer)
    $new = @($given | Where-Object { $_.Subject -eq "CN=$Device" })
    if ($new.Count -eq 1) {
        $older = @(Get-ChildItem Cert:\CurrentUser\My |
            Where-Object {
                $_.Subject -eq "CN=$Device" -and $_.Thumbprint -ne $new[0].Thumbprint -and $_.NotAfter -lt $new[0].NotAfter -and
                ($_.Issuer -replace '^CN=[^,]*, *', '') -eq ($new[0].Issuer -replace '^CN=[^,]*, *', '')
            })
        foreach ($old in $older) {
            $named = "$($old.Thumbprint) ($($old.SerialNumber), $($old.NotAfter.ToString('yyyy-MM-dd')))"
            if ($RemoveOlder) {
                Remove-Item -Path $old.PSPath
                Write-Output "古い証明書を取り除きました / taken away: $named"
            }
            else {
                Write-Output "古い証明書が残っています。新しい証明書で開けることを確かめてから取り除いてください / an older one is left; once the new one works: Remove-Item Cert:\CurrentUser\My\$($old.Thumbprint)   $named"
            }
        }
    }
}
finally {
    Remove-Item -Recurse -Force $folder
}
