//! A partner's look as partners set it and pages show it (contract, section 10).

use gate_domain::branding::{Branding, Colour};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The five tokens of the look; all null is the default look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BrandingBody {
    /// The name that users see; null for the partner's own.
    #[schema(required)]
    pub brand_name: Option<String>,
    /// https. Shown in a box of 32 by 160 pixels, beside the name.
    #[schema(required)]
    pub logo_url: Option<String>,
    /// `#RRGGBB`: what buttons are filled with. Their text is black or white, whichever reads.
    #[schema(required)]
    pub primary_color: Option<String>,
    /// `#RRGGBB`: the order's side of a wide page, as a light wash.
    #[schema(required)]
    pub secondary_color: Option<String>,
    /// `#RRGGBB`: rings, marks and what is chosen; the primary colour where it is null.
    #[schema(required)]
    pub accent_color: Option<String>,
}

/// What a change takes: what is left out stays, null clears. Unknown fields are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateBrandingBody {
    /// It must not suggest that your company runs compliance or settlement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 60,
        example = "Demo Shop",
        pattern = r"^[^\u0000-\u0020\u007F-\u00A0\u1680\u2000-\u200B\u200E\u200F\u2028-\u202F\u205F-\u2069\u3000\uFEFF]([^\u0000-\u001F\u007F-\u009F\u200B\u200E\u200F\u2028-\u202E\u2060-\u2069\uFEFF]*[^\u0000-\u0020\u007F-\u00A0\u1680\u2000-\u200B\u200E\u200F\u2028-\u202F\u205F-\u2069\u3000\uFEFF])?$"
    )]
    pub brand_name: Option<String>,
    /// https, on a named host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        max_length = 2048,
        format = "uri",
        pattern = "^https://",
        example = "https://shop.example/logo.svg"
    )]
    pub logo_url: Option<String>,
    /// `#RRGGBB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$", example = "#0D6B54")]
    pub primary_color: Option<String>,
    /// `#RRGGBB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$", example = "#F5F6F3")]
    pub secondary_color: Option<String>,
    /// `#RRGGBB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$", example = "#0D6B54")]
    pub accent_color: Option<String>,
}

impl From<&Branding> for BrandingBody {
    fn from(branding: &Branding) -> Self {
        let colour = |colour: &Option<Colour>| colour.as_ref().map(|c| c.as_str().to_owned());
        Self {
            brand_name: branding.brand_name.as_ref().map(|name| name.as_str().to_owned()),
            logo_url: branding.logo_url.clone(),
            primary_color: colour(&branding.primary_color),
            secondary_color: colour(&branding.secondary_color),
            accent_color: colour(&branding.accent_color),
        }
    }
}
