//! Geometries by their well-known binary form (WKB), whatever its byte order and dialect.
//!
//! ISO WKB, PostGIS's EWKB (a spatial reference, and flags for the third and fourth coordinate) and what MySQL and MariaDB
//! store (a spatial reference in front of WKB) are read. Two geometries are equal if they have the same spatial reference
//! (none is 0) and the same shapes with the same coordinates in the same order; `POLYGON` that begins at another corner
//! is another value. A coordinate is compared as a double: both zeros are one, and so are all NaNs, which stand for
//! empty points.
//!
//! Encoding: `3C`, then escaped: spatial reference (u32), then each shape as its kind and dimensions (two bytes), counts
//! (u32) and coordinates, all big-endian.

use super::encode::push_escaped;

const GEOMETRY: u8 = 0x3C;
const POINT: u32 = 1;
const LINE: u32 = 2;
const POLYGON: u32 = 3;
const COLLECTION: u32 = 7;
const WITH_Z: u32 = 0x8000_0000;
const WITH_M: u32 = 0x4000_0000;
const WITH_REFERENCE: u32 = 0x2000_0000;
/// Collections within collections go no deeper than this.
const DEPTH_MAX: u8 = 32;

/// Appends the geometry that `bytes` hold. False, and nothing appended, where they hold none that is known here.
pub(super) fn push(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let Some(plain) = plain(bytes) else { return false };
    out.push(GEOMETRY);
    push_escaped(out, &plain);
    true
}

/// What MySQL and MariaDB store, a little-endian spatial reference and WKB, as EWKB; `None` where it is not that.
pub fn from_mysql(bytes: &[u8]) -> Option<Vec<u8>> {
    let (reference, wkb) = bytes.split_first_chunk::<4>()?;
    if *reference == [0; 4] {
        return Some(wkb.to_vec());
    }
    let (order, rest) = wkb.split_first()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    if *order != 1 {
        return None;
    }
    let kind = (u32::from_le_bytes(*kind) | WITH_REFERENCE).to_le_bytes();
    Some([&[1], &kind[..], reference, rest].concat())
}

fn plain(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader { bytes, reference: None };
    // Room for the spatial reference, which the outermost shape names.
    let mut out = vec![0; 4];
    reader.shape(&mut out, 0)?;
    out[..4].copy_from_slice(&reader.reference.unwrap_or(0).to_be_bytes());
    reader.bytes.is_empty().then_some(out)
}

struct Reader<'a> {
    bytes: &'a [u8],
    reference: Option<u32>,
}

impl Reader<'_> {
    fn shape(&mut self, out: &mut Vec<u8>, depth: u8) -> Option<()> {
        let little = match self.take::<1>()? {
            [0] => false,
            [1] => true,
            _ => return None,
        };
        let word = self.number(little)?;
        let code = word & !(WITH_Z | WITH_M | WITH_REFERENCE);
        let (kind, dialect) = (code % 1000, code / 1000);
        if dialect > 3 || depth > DEPTH_MAX {
            return None;
        }
        let (z, m) = (word & WITH_Z != 0 || dialect & 1 == 1, word & WITH_M != 0 || dialect & 2 == 2);
        if word & WITH_REFERENCE != 0 {
            let reference = self.number(little)?;
            // A shape within another has the reference of the whole.
            if depth > 0 && self.reference != Some(reference) {
                return None;
            }
            self.reference = Some(reference);
        }
        out.extend_from_slice(&[u8::try_from(kind).ok()?, u8::from(z) | u8::from(m) << 1]);
        let coordinates = 2 + usize::from(z) + usize::from(m);
        match kind {
            POINT => self.points(out, 1, coordinates, little),
            LINE => self.line(out, coordinates, little),
            POLYGON => {
                let rings = self.count(out, little)?;
                (0..rings).try_for_each(|_| self.line(out, coordinates, little))
            }
            4..=COLLECTION => {
                let shapes = self.count(out, little)?;
                (0..shapes).try_for_each(|_| self.shape(out, depth + 1))
            }
            _ => None,
        }
    }

    fn line(&mut self, out: &mut Vec<u8>, coordinates: usize, little: bool) -> Option<()> {
        let points = self.count(out, little)?;
        self.points(out, points, coordinates, little)
    }

    fn points(&mut self, out: &mut Vec<u8>, points: u32, coordinates: usize, little: bool) -> Option<()> {
        for _ in 0..usize::try_from(points).ok()?.checked_mul(coordinates)? {
            let bytes = self.take::<8>()?;
            let value = if little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) };
            let bits = match value {
                v if v.is_nan() => f64::NAN.to_bits() & !(1 << 63),
                0.0 => 0,
                v => v.to_bits(),
            };
            out.extend_from_slice(&bits.to_be_bytes());
        }
        Some(())
    }

    fn count(&mut self, out: &mut Vec<u8>, little: bool) -> Option<u32> {
        let count = self.number(little)?;
        out.extend_from_slice(&count.to_be_bytes());
        Some(count)
    }

    fn number(&mut self, little: bool) -> Option<u32> {
        let bytes = self.take::<4>()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn point(little: bool, kind: u32, reference: Option<u32>, coordinates: &[f64]) -> Vec<u8> {
        let word = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
        let mut bytes = vec![u8::from(little)];
        bytes.extend(word(kind | if reference.is_some() { WITH_REFERENCE } else { 0 }));
        bytes.extend(reference.into_iter().flat_map(word));
        bytes.extend(coordinates.iter().flat_map(|c| if little { c.to_le_bytes() } else { c.to_be_bytes() }));
        bytes
    }

    fn encoded(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(push(&mut out, bytes), "{bytes:02x?}");
        out
    }

    #[test]
    fn a_geometry_is_the_same_in_every_dialect() {
        let plain = encoded(&point(true, 1, None, &[1.5, -2.0]));
        assert_eq!(plain, encoded(&point(false, 1, None, &[1.5, -2.0])));
        assert_eq!(plain, encoded(&point(true, 1, Some(0), &[1.5, -2.0])));
        let mysql = [&[0; 4][..], &point(true, 1, None, &[1.5, -2.0])].concat();
        assert_eq!(plain, encoded(&from_mysql(&mysql).unwrap()));
        let located = [&4326u32.to_le_bytes()[..], &point(true, 1, None, &[1.5, -2.0])].concat();
        assert_eq!(encoded(&from_mysql(&located).unwrap()), encoded(&point(false, 1, Some(4326), &[1.5, -2.0])));
        assert_eq!(
            encoded(&point(true, 1001, None, &[1.0, 2.0, 3.0])),
            encoded(&point(true, 1 | WITH_Z, None, &[1.0, 2.0, 3.0]))
        );
        assert_eq!(
            encoded(&point(true, 1, None, &[0.0, f64::NAN])),
            encoded(&point(true, 1, None, &[-0.0, -f64::NAN]))
        );
    }

    #[test]
    fn other_geometries_differ() {
        let plain = encoded(&point(true, 1, None, &[1.0, 2.0]));
        assert_ne!(plain, encoded(&point(true, 1, None, &[2.0, 1.0])));
        assert_ne!(plain, encoded(&point(true, 1, Some(4326), &[1.0, 2.0])));
        assert_ne!(
            encoded(&point(true, 1001, None, &[1.0, 2.0, 3.0])),
            encoded(&point(true, 2001, None, &[1.0, 2.0, 3.0]))
        );
    }

    #[test]
    fn what_is_cut_short_or_has_more_behind_it_is_no_geometry() {
        let whole = point(true, 1, None, &[1.0, 2.0]);
        for end in 0..whole.len() {
            assert!(!push(&mut Vec::new(), &whole[..end]));
        }
        assert!(!push(&mut Vec::new(), &[&whole[..], &[0]].concat()));
        // A count that no memory could hold.
        assert!(!push(&mut Vec::new(), &[1, 2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]));
        let deep: Vec<u8> = [1, 7, 0, 0, 0, 1, 0, 0, 0].repeat(1000);
        assert!(!push(&mut Vec::new(), &deep));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(0u8..9, 0..60)) {
            let _ = push(&mut Vec::new(), &bytes);
            let _ = from_mysql(&bytes);
        }

        #[test]
        fn points_share_their_bytes_only_if_they_are_equal(
            one in (0i8..3, 0i8..3, 0u32..2), other in (0i8..3, 0i8..3, 0u32..2), order: bool,
        ) {
            let bytes = |(x, y, reference): (i8, i8, u32)| encoded(&point(order, 1, Some(reference), &[x.into(), y.into()]));
            prop_assert_eq!(bytes(one) == bytes(other), one == other);
        }
    }
}
