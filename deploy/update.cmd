@echo off
rem Brings the version of this folder to where the application is. update.cmd --help says more.
rem This file only finds node. All else is in the folder deploy: main.js is where to begin.
setlocal EnableExtensions DisableDelayedExpansion
set "scripts=%~dp0deploy"
if not exist "%scripts%\main.js" set "scripts=%~dp0."
rem The first node.exe in PATH.
for %%n in (node.exe) do set "node=%%~$PATH:n"
if defined node if exist "%node%" goto found
rem A command prompt that was open before node was installed does not have it in its PATH.
set "node=%ProgramFiles%\nodejs\node.exe"
if exist "%node%" goto found
set "node=%ProgramW6432%\nodejs\node.exe"
if exist "%node%" goto found
echo missing  node was not found. It runs the application, and this script. Install node-v12.22.12-x64.msi
echo          from https://nodejs.org/dist/v12.22.12/ (on Windows 10, Server 2016 and later any newer one),
echo          open a new command prompt as administrator, and run this again.
exit /b 1
:found
rem One line: an update replaces this file, and cmd reads a batch file while it runs it.
"%node%" "%scripts%\main.js" update %* & goto :eof
