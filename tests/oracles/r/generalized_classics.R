# Well-known data sets with other outcomes than scores. Their rows are under the GPL and stay there:
# only what R says of them is kept. Run from the project's root:
#   Rscript tests/oracles/r/generalized_classics.R
# It writes tests/oracles/r/generalized_classics.json. `checksum`: sum of the outcome, to know the
# rows by. Where SESSIONWISE_EXTRA_DATA names a folder, the rows go there for
# tests/oracles/test_generalized_classics.py.
source("tests/oracles/r/generalized_fits.R")
data(cbpp, VerbAgg, package = "lme4"); data(epil, package = "MASS"); data(wine, package = "ordinal")
data(toenail, package = "HSAUR3")
toenail$severe <- as.numeric(toenail$outcome == "moderate or severe")
toenail$treatment <- ifelse(toenail$treatment == "terbinafine", "terbinafine", "itraconazole")
VerbAgg$yes <- as.numeric(VerbAgg$r2 == "Y")
epil$logbase <- log(epil$base / 4); epil$logage <- log(epil$age)
wine$score <- as.numeric(wine$rating)
of_cbpp <- with(cbpp, sum(dbinom(incidence, size, incidence / size, log = TRUE)))
of_epil <- with(epil, sum(dpois(y, y, log = TRUE)))
cases <- list(
  list(name = "cbpp", set = "cbpp", formula = "incidence ~ period + (1 | herd)", family = "binomial",
       link = "logit", quadrature = 1, trials = "size", fit = function()
         by_tmb(incidence / size ~ period + (1 | herd), cbpp, binomial, cbpp$size)),
  list(name = "cbpp_15_nodes", set = "cbpp", formula = "incidence ~ period + (1 | herd)",
       family = "binomial", link = "logit", quadrature = 15, trials = "size", fit = function()
         by_glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial, 15, of_cbpp)),
  list(name = "verbagg", set = "verbagg", formula = "yes ~ btype + situ + Anger + (1 | id) + (1 | item)",
       family = "binomial", link = "logit", quadrature = 1, fit = function()
         by_tmb(yes ~ btype + situ + Anger + (1 | id) + (1 | item), VerbAgg, binomial)),
  list(name = "toenail", set = "toenail", formula = "severe ~ treatment*time + (1 | patientID)",
       family = "binomial", link = "logit", quadrature = 1, fit = function()
         by_tmb(severe ~ treatment * time + (1 | patientID), toenail, binomial)),
  # Clients differ by 4 on the logit scale: lme4's own tolerance of the modes costs 1e-4 there.
  list(name = "toenail_25_nodes", set = "toenail", formula = "severe ~ treatment*time + (1 | patientID)",
       family = "binomial", link = "logit", quadrature = 25, fit = function()
         by_glmer(severe ~ treatment * time + (1 | patientID), toenail, binomial, 25, 0, inner = 1e-12)),
  list(name = "epil", set = "epil", formula = "y ~ logbase*trt + logage + V4 + (1 | subject)",
       family = "poisson", link = "log", quadrature = 1, fit = function()
         by_tmb(y ~ logbase * trt + logage + V4 + (1 | subject), epil, poisson)),
  list(name = "epil_negbin", set = "epil", formula = "y ~ logbase*trt + logage + V4 + (1 | subject)",
       family = "negative-binomial", link = "log", quadrature = 1, fit = function()
         by_tmb(y ~ logbase * trt + logage + V4 + (1 | subject), epil, nbinom2())),
  list(name = "epil_25_nodes", set = "epil", formula = "y ~ logbase*trt + logage + V4 + (1 | subject)",
       family = "poisson", link = "log", quadrature = 25, fit = function()
         by_glmer(y ~ logbase * trt + logage + V4 + (1 | subject), epil, poisson, 25, of_epil)),
  list(name = "wine", set = "wine", formula = "score ~ temp + contact + (1 | judge)", family = "ordinal",
       link = "logit", quadrature = 1, fit = function()
         by_clmm(rating ~ temp + contact + (1 | judge), wine, 1)))
sets <- list(cbpp = cbpp, verbagg = VerbAgg, epil = epil, wine = wine, toenail = toenail)
extra <- Sys.getenv("SESSIONWISE_EXTRA_DATA")
if (extra != "") for (name in names(sets))
  write.csv(sets[[name]], file.path(extra, paste0("generalized_", name, ".csv")), row.names = FALSE,
            quote = FALSE)
fits <- lapply(cases, function(case) {
  message(case$name)
  outcome <- sets[[case$set]][[sub(" .*", "", case$formula)]]
  c(case[names(case) != "fit"], list(rows = nrow(sets[[case$set]]), checksum = sum(outcome)),
    Filter(Negate(is.null), case$fit()))
})
written(list(r = R.version.string,
             packages = versions("lme4", "glmmTMB", "TMB", "ordinal", "MASS", "HSAUR3", "numDeriv")),
        "fits", fits, "tests/oracles/r/generalized_classics.json")
