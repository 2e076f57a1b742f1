// bytes from and to disk: mapped reads, atomic writes, checksums, strict JSON
