-- macros
-- The closed vocabularies of the cases as types: one byte a row instead of a text.

CREATE TYPE kind_type AS ENUM ('works', 'goods', 'services');

CREATE TYPE method_type AS ENUM (
    'open', 'selective', 'quotation', 'restricted_public', 'restricted', 'other'
);

CREATE TYPE award_way_type AS ENUM (
    'lowest', 'best_value', 'best_value_quasi', 'best_value_ref', 'highest', 'other'
);
