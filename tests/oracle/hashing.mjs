// Mends how ANTLR's runtime 4.13.0 hashes. It changes no answer, only how long it takes to learn the grammar: a half, as measured.
const runtime = new URL('./node_modules/antlr4/src/antlr4/', import.meta.url);
const from = async (path) => (await import(new URL(path, runtime))).default;

const [HashCode, HashMap, HashSet, PredictionMode, stringHash] = await Promise.all(
  ['misc/HashCode.js', 'misc/HashMap.js', 'misc/HashSet.js', 'atn/PredictionMode.js'].map(from).concat(
    import(new URL('utils/stringHashCode.js', runtime)).then((found) => found.stringHashCode),
  ),
);
const BitSet = await from('misc/BitSet.js');

// Its products of two 32-bit numbers lose their low bits in a double, and with them what tells hashes apart.
function add(hash, number) {
  let mixed = Math.imul(number, 0xcc9e2d51);
  mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
  const joined = hash.hash ^ mixed;
  hash.hash = (Math.imul((joined << 13) | (joined >>> 19), 5) + 0xe6546b64) | 0;
  hash.count += 1;
}

function update(...values) {
  for (const value of values) {
    if (value === null || value === undefined || typeof value === 'function') continue;
    if (typeof value === 'number' || typeof value === 'boolean') add(this, Number(value));
    else if (typeof value === 'string') add(this, stringHash(value));
    else if (Array.isArray(value)) this.update(...value);
    else value.updateHashCode(this);
  }
}

function finish() {
  let hash = this.hash ^ (this.count * 4);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

// Buckets by number instead of by a text that is made for each look.
const bucket = (table, key) => (table.data instanceof Map ? table.data : (table.data = new Map())).get(table.hashFunction(key));
const put = (table, key, one) => {
  const found = bucket(table, key);
  if (found === undefined) table.data.set(table.hashFunction(key), [one]);
  else found.push(one);
};
const all = (table) => (table.data instanceof Map ? [...table.data.values()].flat() : []);
const entry = (map, key) => bucket(map, key)?.find((one) => map.equalsFunction(key, one.key));

const mapping = {
  set(key, value) {
    const known = entry(this, key);
    if (known === undefined) {
      put(this, key, { key, value });
      return value;
    }
    const old = known.value;
    known.value = value;
    return old;
  },
  containsKey(key) {
    return entry(this, key) !== undefined;
  },
  get(key) {
    const known = entry(this, key);
    return known === undefined ? null : known.value;
  },
  entries() {
    return all(this);
  },
};

const set = {
  get(value) {
    return bucket(this, value)?.find((one) => this.equalsFunction(value, one)) ?? null;
  },
  add(value) {
    const known = this.get(value);
    if (known !== null) return known;
    put(this, value, value);
    return value;
  },
  values() {
    return all(this);
  },
};

// Its own hash function returns nothing here, so that all configurations share one bucket.
function getConflictingAltSubsets(configurations) {
  const found = new HashMap(
    (one) => HashCode.hashStuff(one.state.stateNumber, one.context),
    (one, other) => one.state.stateNumber === other.state.stateNumber && one.context.equals(other.context),
  );
  for (const one of configurations.items) {
    let alternatives = found.get(one);
    if (alternatives === null) found.set(one, (alternatives = new BitSet()));
    alternatives.add(one.alt);
  }
  return found.getValues();
}

export function mendHashing() {
  Object.assign(HashCode.prototype, { update, finish });
  Object.assign(HashMap.prototype, mapping);
  Object.assign(HashSet.prototype, set);
  Object.defineProperty(HashMap.prototype, 'length', { get: function () { return all(this).length; } });
  Object.defineProperty(HashSet.prototype, 'length', { get: function () { return all(this).length; } });
  Object.assign(PredictionMode, { getConflictingAltSubsets });
}
