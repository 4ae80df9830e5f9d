CREATE TABLE customers (
    id integer PRIMARY KEY, name text NOT NULL, email text NOT NULL, country text NOT NULL
) WITH (autovacuum_enabled = off);

CREATE TABLE orders (
    id integer PRIMARY KEY, customer_id integer NOT NULL, placed_on date NOT NULL, status text NOT NULL, total_cents integer NOT NULL
) WITH (autovacuum_enabled = off);

CREATE TABLE "order ""lines""; größe" (
    order_id integer, position integer, article text NOT NULL, quantity integer NOT NULL, PRIMARY KEY (order_id, position)
) WITH (autovacuum_enabled = off);

CREATE TABLE events (id integer PRIMARY KEY, token text NOT NULL, kind text NOT NULL) WITH (autovacuum_enabled = off);

CREATE TABLE audit_trail (id integer PRIMARY KEY, at timestamptz NOT NULL, actor text NOT NULL) WITH (autovacuum_enabled = off);

INSERT INTO customers
SELECT n, 'Customer ' || n, 'c' || n || '@example.org', (ARRAY['Austria', 'Brazil', 'Curaçao', 'Ελλάδα', '日本'])[1 + n % 5]
FROM generate_series(1, 2000) n;

INSERT INTO orders
SELECT n, 1 + n * 7919 % 2000, date '2024-01-01' + n * 700 / 20000, (ARRAY['paid', 'paid', 'shipped', 'returned'])[1 + n % 4],
       500 + n * 104729 % 49500
FROM generate_series(1, 20000) n;

INSERT INTO "order ""lines""; größe"
SELECT n, 1 + n % 2, 'article ' || n % 400, 1 + n % 5 FROM generate_series(1, 8000) n;

CREATE INDEX "100% by article; größe" ON "order ""lines""; größe" (article);

CREATE INDEX events_by_token ON events (token);

INSERT INTO events
SELECT n, md5(n::text), (ARRAY['click', 'view', 'buy'])[1 + n % 3] FROM generate_series(1, 120000) n;

DELETE FROM events WHERE id % 10 <> 0;

SELECT pg_stat_force_next_flush();

VACUUM (ANALYZE) events;

CREATE INDEX orders_by_customer ON orders (customer_id);

CREATE INDEX orders_by_day ON orders (placed_on);

SELECT pg_stat_force_next_flush();

ANALYZE orders;

ALTER TABLE orders ADD CONSTRAINT orders_cost_something CHECK (total_cents > 0) NOT VALID;

INSERT INTO customers VALUES (2001, 'Customer 1', 'c1@example.org', 'Austria');

CREATE UNIQUE INDEX CONCURRENTLY customers_by_email ON customers (email);

REINDEX INDEX CONCURRENTLY customers_by_email;

DELETE FROM customers WHERE id = 2001;

INSERT INTO audit_trail SELECT n, timestamptz '2024-01-01Z' + n * interval '1 minute', 'clerk ' || n % 17 FROM generate_series(1, 1500) n;

CREATE INDEX audit_trail_by_actor ON audit_trail (actor, at);

SELECT pg_stat_force_next_flush();

ANALYZE audit_trail;

INSERT INTO audit_trail SELECT n, timestamptz '2024-01-01Z' + n * interval '1 minute', 'clerk ' || n % 17 FROM generate_series(1501, 15000) n;

UPDATE customers SET country = upper(country) WHERE id > 800;
