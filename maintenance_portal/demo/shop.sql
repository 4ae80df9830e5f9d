CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, country TEXT NOT NULL);
CREATE INDEX customers_by_country ON customers(country, name);

CREATE TABLE orders(
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers,
    placed_on TEXT NOT NULL,
    status TEXT NOT NULL,
    total_cents INTEGER NOT NULL
);
CREATE INDEX orders_by_customer ON orders(customer_id);

CREATE TABLE "order ""lines"""(
    order_id INTEGER REFERENCES orders,
    position INTEGER,
    article TEXT,
    quantity INTEGER,
    PRIMARY KEY (order_id, position)
) WITHOUT ROWID;
CREATE INDEX "100% by article; größe" ON "order ""lines"""(article);

CREATE TABLE "group"(id INTEGER PRIMARY KEY, "select" TEXT UNIQUE);

CREATE TABLE vouchers(id INTEGER PRIMARY KEY, code TEXT NOT NULL, cents INTEGER NOT NULL);
CREATE INDEX vouchers_by_code ON vouchers(code);

CREATE TABLE events(id INTEGER PRIMARY KEY, token TEXT NOT NULL, kind TEXT NOT NULL);
CREATE INDEX events_by_token ON events(token);

CREATE TABLE "audit trail"(id INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, sentence TEXT NOT NULL);
CREATE INDEX audit_by_actor ON "audit trail"(actor, at);
