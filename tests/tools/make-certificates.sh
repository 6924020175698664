#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes what a test of TLS needs: make-certificates.sh FOLDER. In it are folders as the option tls-creds wants them: `good`
# for both ends, `other` of an authority that nobody knows, and `expired`.
set -eu

cd "$1"

authority () {
  mkdir "$1"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/O=Test/CN=$1 authority" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
    -keyout "$1/ca-key.pem" -out "$1/ca-cert.pem"
}

# end FOLDER ROLE NAME ALTERNATIVES USAGE, and more for the signing
end () {
  folder=$1 role=$2 name=$3 alternatives=$4 usage=$5
  shift 5
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=Test/CN=$name" \
    -keyout "$folder/$role-key.pem" -out request.pem
  {
    echo "subjectAltName=$alternatives"
    echo "extendedKeyUsage=$usage"
    echo "keyUsage=digitalSignature"
  } > extensions
  openssl x509 -req -in request.pem -CA "$folder/ca-cert.pem" -CAkey "$folder/ca-key.pem" -CAcreateserial \
    -extfile extensions -out "$folder/$role-cert.pem" "$@"
  rm request.pem extensions
}

for folder in good other; do
  authority $folder
  end $folder server localhost DNS:localhost,IP:127.0.0.1 serverAuth -days 2
  end $folder client laptop DNS:laptop clientAuth -days 2
done

# Over, by a day before it began.
mkdir expired
cp good/ca-cert.pem good/ca-key.pem expired
end expired server localhost DNS:localhost,IP:127.0.0.1 serverAuth -days -1
