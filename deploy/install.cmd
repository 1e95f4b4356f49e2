@echo off
rem Installs the application of this folder in IIS. install.cmd --help says more.
rem This file only finds node. The program is in the folder deploy, and begins with main.js.
setlocal EnableExtensions DisableDelayedExpansion
set "scripts=%~dp0deploy"
if not exist "%scripts%\main.js" set "scripts=%~dp0."
rem The first choice is node.exe in PATH.
for %%n in (node.exe) do set "node=%%~$PATH:n"
if defined node if exist "%node%" goto found
rem A command prompt that was opened before the installation of node does not have node in its PATH.
set "node=%ProgramFiles%\nodejs\node.exe"
if exist "%node%" goto found
set "node=%ProgramW6432%\nodejs\node.exe"
if exist "%node%" goto found
echo missing  node was not found. node runs the application, and this command. Install node-v12.22.12-x64.msi
echo          from https://nodejs.org/dist/v12.22.12/ (on Windows 10, Server 2016 and later, any newer node),
echo          open a new command prompt as administrator, and run this command again.
exit /b 1
:found
rem The command is one line: an update replaces this file, and cmd reads a batch file line by line.
"%node%" "%scripts%\main.js" install %* & goto :eof
