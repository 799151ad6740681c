-- Which schema this is, and how old a program may be that works on it: see README.md.

CREATE TABLE prosaas.schema_version (
    only_row boolean NOT NULL DEFAULT true,
    version bigint NOT NULL,
    oldest_compatible bigint NOT NULL,
    CONSTRAINT schema_version_pk PRIMARY KEY (only_row),
    CONSTRAINT schema_version_only_row_ck CHECK (only_row),
    CONSTRAINT schema_version_oldest_compatible_ck CHECK (oldest_compatible <= version)
);

COMMENT ON TABLE prosaas.schema_version IS 'One row, which the migrator writes at the end of each run. A program refuses this schema only when its own version is below oldest_compatible.';
COMMENT ON COLUMN prosaas.schema_version.only_row IS 'Always true: there is no second row.';
COMMENT ON COLUMN prosaas.schema_version.version IS 'The highest migration number of the release that wrote it.';
COMMENT ON COLUMN prosaas.schema_version.oldest_compatible IS 'The lowest version of programs that work on this schema.';
