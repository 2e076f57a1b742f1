// scalar references in Double
