/* The content types that IIS knows. */

/**
 * Returns the content type for each file extension ('.html'). IIS answers 404.3 for a file with
 * another extension.
 */
export function mimeTypes(iis: '7.5' | '10'): ReadonlyMap<string, string> {
  // The tables are kept: the caller asks for one type at a time, and reading the tables each time
  // would take 0.2 s for a site.
  return known[iis] ??= readTables(iis);
}

const known: Partial<Record<'7.5' | '10', ReadonlyMap<string, string>>> = {};

function readTables(iis: '7.5' | '10'): ReadonlyMap<string, string> {
  const ofRelease = iis === '10' ? MIME_TYPES_SINCE_8 : MIME_TYPES_BEFORE_8;
  return new Map([...table(MIME_TYPES), ...table(ofRelease)]);
}

function table(text: string): [extension: string, type: string][] {
  return text.trim().split('\n').flatMap(line => {
    const [type, ...extensions] = line.trim().split(' ');
    return extensions.map((extension): [string, string] => [extension, type!]);
  });
}

const MIME_TYPES_BEFORE_8 = `
  application/octet-stream .cab .eot .ics
  application/x-javascript .js
  video/x-msvideo .avi
`;

// IIS 8 brought most of these. Later releases added .esd, .glb, .jsonld, .less, .wasm and .woff2.
const MIME_TYPES_SINCE_8 = `
  application/font-woff2 .woff2
  application/javascript .js
  application/json .json
  application/ld+json .jsonld
  application/vnd.ms-cab-compressed .cab .esd
  application/vnd.ms-fontobject .eot
  application/wasm .wasm
  application/xhtml+xml .xht .xhtml
  audio/aac .aac
  audio/mp4 .m4a
  audio/ogg .oga .spx
  audio/vnd.dlna.adts .adt .adts
  font/otf .otf
  font/x-woff .woff
  image/svg+xml .svgz
  model/gltf-binary .glb
  text/cache-manifest .appcache
  text/calendar .ics
  text/css .less
  video/3gpp .3gp .3gpp
  video/3gpp2 .3g2 .3gp2
  video/avi .avi
  video/mp4 .m4v .mp4 .mp4v
  video/ogg .ogg .ogv
  video/vnd.dlna.mpeg-tts .m2ts .ts .tts
  video/webm .webm
  video/x-ms-dvr .dvr-ms
  video/x-ms-wtv .wtv
`;

const MIME_TYPES = `
  application/atom+xml .atom
  application/directx .x
  application/envoy .evy
  application/fractals .fif
  application/futuresplash .spl
  application/hta .hta
  application/internet-property-stream .acx
  application/java-archive .jar
  application/liquidmotion .jck .jcz
  application/mac-binhex40 .hqx
  application/msaccess .accdb .accde .accdt
  application/msword .doc .dot
  application/octet-stream .aaf .aca .afm .asd .asi .bin .chm .csv .cur .deploy .dsp .dwp .emz .exe
  application/octet-stream .fla .hhk .hhp .inf .java .jpb .lpk .lzh .mdp .mix .msi .mso .ocx .pcx
  application/octet-stream .pcz .pfb .pfm .prm .prx .psd .psm .psp .qxd .rar .sea .smi .snp .thn
  application/octet-stream .toc .ttf
  application/octet-stream .u32 .xsn .xtp
  application/oda .oda
  application/oleobject .ods
  application/olescript .axs
  application/onenote .one .onea .onetoc .onetoc2 .onetmp .onepkg
  application/opensearchdescription+xml .osdx
  application/pdf .pdf
  application/pics-rules .prf
  application/pkcs10 .p10
  application/pkcs7-mime .p7c .p7m
  application/pkcs7-signature .p7s
  application/pkix-crl .crl
  application/postscript .ai .eps .ps
  application/rtf .rtf
  application/set-payment-initiation .setpay
  application/set-registration-initiation .setreg
  application/streamingmedia .ssm
  application/vnd.fdf .fdf
  application/vnd.ms-excel .xla .xlc .xlm .xls .xlt .xlw
  application/vnd.ms-excel.addin.macroEnabled.12 .xlam
  application/vnd.ms-excel.sheet.binary.macroEnabled.12 .xlsb
  application/vnd.ms-excel.sheet.macroEnabled.12 .xlsm
  application/vnd.ms-excel.template.macroEnabled.12 .xltm
  application/vnd.ms-office.calx .calx
  application/vnd.ms-officetheme .thmx
  application/vnd.ms-pki.certstore .sst
  application/vnd.ms-pki.pko .pko
  application/vnd.ms-pki.seccat .cat
  application/vnd.ms-pki.stl .stl
  application/vnd.ms-powerpoint .pot .pps .ppt
  application/vnd.ms-powerpoint.addin.macroEnabled.12 .ppam
  application/vnd.ms-powerpoint.presentation.macroEnabled.12 .pptm
  application/vnd.ms-powerpoint.slide.macroEnabled.12 .sldm
  application/vnd.ms-powerpoint.slideshow.macroEnabled.12 .ppsm
  application/vnd.ms-powerpoint.template.macroEnabled.12 .potm
  application/vnd.ms-project .mpp
  application/vnd.ms-visio.viewer .vdx
  application/vnd.ms-word.document.macroEnabled.12 .docm
  application/vnd.ms-word.template.macroEnabled.12 .dotm
  application/vnd.ms-works .wcm .wdb .wks .wps
  application/vnd.ms-xpsdocument .xps
  application/vnd.openxmlformats-officedocument.presentationml.presentation .pptx
  application/vnd.openxmlformats-officedocument.presentationml.slide .sldx
  application/vnd.openxmlformats-officedocument.presentationml.slideshow .ppsx
  application/vnd.openxmlformats-officedocument.presentationml.template .potx
  application/vnd.openxmlformats-officedocument.spreadsheetml.sheet .xlsx
  application/vnd.openxmlformats-officedocument.spreadsheetml.template .xltx
  application/vnd.openxmlformats-officedocument.wordprocessingml.document .docx
  application/vnd.openxmlformats-officedocument.wordprocessingml.template .dotx
  application/vnd.rn-realmedia .rm
  application/vnd.visio .vsd .vss .vst .vsw .vsx .vtx
  application/vnd.wap.wmlc .wmlc
  application/vnd.wap.wmlscriptc .wmlsc
  application/winhlp .hlp
  application/x-bcpio .bcpio
  application/x-cdf .cdf
  application/x-compress .z
  application/x-compressed .tgz
  application/x-cpio .cpio
  application/x-csh .csh
  application/x-director .dcr .dir .dxr
  application/x-dvi .dvi
  application/x-gtar .gtar
  application/x-gzip .gz
  application/x-hdf .hdf
  application/x-internet-signup .ins .isp
  application/x-iphone .iii
  application/x-java-applet .class
  application/x-latex .latex
  application/x-miva-compiled .mvc
  application/x-ms-application .application
  application/x-ms-manifest .manifest
  application/x-ms-reader .lit
  application/x-ms-vsto .vsto
  application/x-ms-wmd .wmd
  application/x-ms-wmz .wmz
  application/x-ms-xbap .xbap
  application/x-msaccess .mdb
  application/x-mscardfile .crd
  application/x-msclip .clp
  application/x-msdownload .dll
  application/x-msmediaview .m13 .m14 .mvb
  application/x-msmetafile .wmf
  application/x-msmoney .mny
  application/x-mspublisher .pub
  application/x-msschedule .scd
  application/x-msterminal .trm
  application/x-mswrite .wri
  application/x-netcdf .nc
  application/x-oleobject .hhc
  application/x-perfmon .pma .pmc .pml .pmr .pmw
  application/x-pkcs12 .p12 .pfx
  application/x-pkcs7-certificates .p7b .spc
  application/x-pkcs7-certreqresp .p7r
  application/x-quicktimeplayer .qtl
  application/x-sh .sh
  application/x-shar .shar
  application/x-shockwave-flash .swf
  application/x-silverlight-app .xap
  application/x-smaf .mmf
  application/x-stuffit .sit
  application/x-sv4cpio .sv4cpio
  application/x-sv4crc .sv4crc
  application/x-tar .tar
  application/x-tcl .tcl
  application/x-tex .tex
  application/x-texinfo .texi .texinfo
  application/x-troff .roff .t .tr
  application/x-troff-man .man
  application/x-troff-me .me
  application/x-troff-ms .ms
  application/x-ustar .ustar
  application/x-wais-source .src
  application/x-x509-ca-cert .crt .der
  application/x-zip-compressed .zip
  application/xaml+xml .xaml
  audio/aiff .aifc .aiff
  audio/basic .au .snd
  audio/mid .mid .midi .rmi
  audio/mpeg .mp3
  audio/wav .wav
  audio/x-aiff .aif
  audio/x-mpegurl .m3u
  audio/x-ms-wax .wax
  audio/x-ms-wma .wma
  audio/x-pn-realaudio .ra .ram
  audio/x-pn-realaudio-plugin .rpm
  audio/x-smd .smd .smx .smz
  drawing/x-dwf .dwf
  image/bmp .bmp .dib
  image/cis-cod .cod
  image/gif .gif
  image/ief .ief
  image/jpeg .jpe .jpeg .jpg
  image/pjpeg .jfif
  image/png .png .pnz
  image/svg+xml .svg
  image/tiff .tif .tiff
  image/vnd.rn-realflash .rf
  image/vnd.wap.wbmp .wbmp
  image/x-cmu-raster .ras
  image/x-cmx .cmx
  image/x-icon .ico
  image/x-jg .art
  image/x-portable-anymap .pnm
  image/x-portable-bitmap .pbm
  image/x-portable-graymap .pgm
  image/x-portable-pixmap .ppm
  image/x-rgb .rgb
  image/x-xbitmap .xbm
  image/x-xpixmap .xpm
  image/x-xwindowdump .xwd
  message/rfc822 .eml .mht .mhtml .nws
  text/css .css
  text/dlm .dlm
  text/h323 .323
  text/html .htm .html .hxt
  text/iuls .uls
  text/jscript .jsx
  text/plain .asm .bas .c .cnf .cpp .h .map .txt .vcs .xdr
  text/richtext .rtx
  text/scriptlet .sct
  text/sgml .sgml
  text/tab-separated-values .tsv
  text/vbscript .vbs
  text/vnd.wap.wml .wml
  text/vnd.wap.wmlscript .wmls
  text/webviewhtml .htt
  text/x-component .htc
  text/x-hdml .hdml
  text/x-ms-odc .odc
  text/x-setext .etx
  text/x-vcard .vcf
  text/xml .disco .dll.config .dtd .exe.config .mno .vml .wsdl .xml .xsd .xsf .xsl .xslt
  video/mpeg .m1v .mp2 .mpa .mpe .mpeg .mpg .mpv2
  video/quicktime .mov .qt
  video/x-flv .flv
  video/x-ivf .IVF
  video/x-la-asf .lsf .lsx
  video/x-ms-asf .asf .asr .asx .nsc
  video/x-ms-wm .wm
  video/x-ms-wmp .wmp
  video/x-ms-wmv .wmv
  video/x-ms-wmx .wmx
  video/x-ms-wvx .wvx
  video/x-sgi-movie .movie
  x-world/x-vrml .flr .wrl .wrz .xaf .xof
`;
