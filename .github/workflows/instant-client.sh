#!/bin/sh
# Puts Oracle's client library under $ORACLE_HOME, where a workflow finds it.
set -eu
sudo apt-get update -qq
sudo apt-get install -y -qq libaio1t64 unzip
curl -sSfo client.zip https://download.oracle.com/otn_software/linux/instantclient/instantclient-basiclite-linuxx64.zip
sudo unzip -q client.zip -d /opt
sudo mkdir -p "$ORACLE_HOME/lib"
sudo cp -a /opt/instantclient_*/. "$ORACLE_HOME/lib/"
sudo ln -sf /usr/lib/x86_64-linux-gnu/libaio.so.1t64 /usr/lib/x86_64-linux-gnu/libaio.so.1
echo "LD_LIBRARY_PATH=$ORACLE_HOME/lib" >> "$GITHUB_ENV"
