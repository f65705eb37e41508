"""Runs a static x86-64 program on an emulated processor with AVX-512: ``python tests/export/bochs.py PROGRAM``.

A Linux kernel starts on Bochs's Skylake-X with a file system in memory that has the program and the files beside it,
and prints what the program prints. It takes a minute; Debian has all that is needed in the packages of `PACKAGES`.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGES = "bochs bochsbios vgabios busybox-static isolinux syslinux-common xorriso linux-image-amd64"
FILES = ("/usr/lib/ISOLINUX/isolinux.bin", "/usr/lib/syslinux/modules/bios/ldlinux.c32")
BIOS = ("/usr/share/bochs/BIOS-bochs-latest", "/usr/share/bochs/VGABIOS-lgpl-latest")
BEGIN, END = "begin of the output", "end of the output, exit code "
SECONDS = 1100

INIT = f"""\
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
cd /work
./program > output 2>&1
code=$?
/bin/busybox printf '\\n{BEGIN}\\n'
/bin/busybox cat output
/bin/busybox printf '\\n{END}%d\\n' $code
/bin/busybox sleep 60  # of the emulated clock, for the serial port to send all
/bin/busybox poweroff -f
"""
BOOT = """\
DEFAULT linux
LABEL linux
 KERNEL /linux
 INITRD /files
 APPEND console=ttyS0 quiet mitigations=off nokaslr
"""
MACHINE = f"""\
megs: 512
cpu: model=corei7_skylake_x, ips=400000000, ignore_bad_msrs=1
romimage: file={BIOS[0]}
vgaromimage: file={BIOS[1]}
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=disc, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=printed
display_library: rfb, options="timeout=0"
log: log
panic: action=report
error: action=ignore
info: action=ignore
clock: sync=none
"""


def main() -> int:
    """Run the program named on the command line and return its exit code."""
    program = Path(sys.argv[1]).resolve()
    kernels = sorted(Path("/boot").glob("vmlinuz-*"))
    tools = [name for name in ("bochs", "busybox", "xorriso") if shutil.which(name) is None]
    lacking = tools + [name for name in (*FILES, *BIOS) if not Path(name).exists()]
    if lacking or not kernels:
        print(f"there is no {(lacking or ['/boot/vmlinuz-*'])[0]}: apt-get install {PACKAGES}")
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _make_disc(folder, program, kernels[-1])
        (folder / "machine").write_text(MACHINE)
        subprocess.run(
            ["bochs", "-q", "-f", "machine"], cwd=folder, capture_output=True, timeout=SECONDS, check=False, stdin=0
        )
        printed = (folder / "printed").read_bytes().decode(errors="replace").replace("\r", "")
    _, _, output = printed.partition(f"{BEGIN}\n")
    output, ended, code = output.partition(f"\n{END}")
    if not ended:
        print(f"the emulated machine printed {printed[-500:]!r}")
        return 1
    sys.stdout.write(output)
    return int(code.split()[0])


def _make_disc(folder: Path, program: Path, kernel: Path) -> None:
    root, content = folder / "root", folder / "content"
    for name in ("bin", "proc", "work"):
        (root / name).mkdir(parents=True)
    content.mkdir()
    shutil.copy(str(shutil.which("busybox")), root / "bin/busybox")
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    shutil.copy(program, root / "work/program")
    for path in program.parent.glob("*.weights"):
        shutil.copy(path, root / "work")
    files = "\n".join(str(path.relative_to(root)) for path in root.rglob("*"))
    packed = subprocess.run(
        ["busybox", "cpio", "-o", "-H", "newc"], cwd=root, input=files.encode(), capture_output=True, check=True
    ).stdout
    (content / "files").write_bytes(gzip.compress(packed, 1))
    shutil.copy(kernel, content / "linux")
    for file in FILES:
        shutil.copy(file, content)
    (content / "isolinux.cfg").write_text(BOOT)
    command = "xorriso -as mkisofs -quiet -o disc -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4"
    subprocess.run([*command.split(), "-boot-info-table", "content"], cwd=folder, capture_output=True, check=True)


if __name__ == "__main__":
    sys.exit(main())
