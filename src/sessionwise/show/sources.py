"""The references a methods paragraph cites, by the keys that fits carry."""

from __future__ import annotations

from sessionwise.errors import InvalidInput, Problem, nearest

CLUSTER_ROBUST = (
    "Bell, R. M., & McCaffrey, D. F. (2002). Bias reduction in standard errors for linear "
    "regression with multi-stage samples. Survey Methodology, 28(2), 169–181.",
    "Pustejovsky, J. E., & Tipton, E. (2018). Small-sample methods for cluster-robust variance "
    "estimation and hypothesis testing in fixed effects models. Journal of Business & Economic "
    "Statistics, 36(4), 672–683.",
)
CONTAINMENT = (
    "Pinheiro, J. C., & Bates, D. M. (2000). Mixed-Effects Models in S and S-PLUS. Springer, "
    "p. 91.",
)
MIXED = (
    "Laird, N. M., & Ware, J. H. (1982). Random-effects models for longitudinal data. Biometrics, "
    "38(4), 963–974.",
)
SOURCES = {
    "hatchett_park": (
        "Hatchett, G. T., & Park, H. L. (2003). Comparison of four operational definitions of "
        "premature termination. Psychotherapy: Theory, Research, Practice, Training, 40(3), "
        "226–231.",
    ),
    "swift_callahan_levine": (
        "Swift, J. K., Callahan, J. L., & Levine, J. C. (2009). Using clinically significant "
        "change to identify premature termination. Psychotherapy: Theory, Research, Practice, "
        "Training, 46(3), 328–335.",
    ),
    "openfit": ("OpenFIT (n.d.). Dropout rate (KA-01029). OpenFIT support pages.",),
    "gee": (
        "Liang, K.-Y., & Zeger, S. L. (1986). Longitudinal data analysis using generalized linear "
        "models. Biometrika, 73(1), 13–22.",
    ),
    "kauermann_carroll": (
        "Kauermann, G., & Carroll, R. J. (2001). A note on the efficiency of sandwich covariance "
        "matrix estimation. Journal of the American Statistical Association, 96(456), 1387–1396.",
    ),
    "mancl_derouen": (
        "Mancl, L. A., & DeRouen, T. A. (2001). A covariance estimator for GEE with improved "
        "small-sample properties. Biometrics, 57(1), 126–134.",
    ),
    "residual_structure": (
        "Pinheiro, J. C., & Bates, D. M. (2000). Mixed-Effects Models in S and S-PLUS. Springer, "
        "ch. 5.",
    ),
    "aalen_johansen": (
        "Aalen, O. O., & Johansen, S. (1978). An empirical transition matrix for non-homogeneous "
        "Markov chains based on censored observations. Scandinavian Journal of Statistics, 5(3), "
        "141–150.",
    ),
    "bca": (
        "Efron, B., & Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman and "
        "Hall, ch. 14.",
    ),
    "containment": CONTAINMENT,
    "satterthwaite": (
        "Giesbrecht, F. G., & Burns, J. C. (1985). Two-stage analysis based on a mixed model: "
        "Large-sample asymptotic theory and small-sample simulation results. Biometrics, 41(2), "
        "477–486.",
        "Kuznetsova, A., Brockhoff, P. B., & Christensen, R. H. B. (2017). lmerTest package: Tests "
        "in linear mixed effects models. Journal of Statistical Software, 82(13).",
    ),
    "kenward_roger": (
        "Kenward, M. G., & Roger, J. H. (1997). Small sample inference for fixed effects from "
        "restricted maximum likelihood. Biometrics, 53(3), 983–997.",
    ),
    "containment_df": CONTAINMENT,
    "ceiling": (
        "Meier, S. T., & Feeley, T. H. (2022). Ceiling effects indicate a possible threshold "
        "structure for working alliance. Journal of Counseling Psychology, 69(2), 235–245.",
    ),
    "cluster_robust": CLUSTER_ROBUST,
    "cr2": CLUSTER_ROBUST,
    "cr0": (
        "Liang, K.-Y., & Zeger, S. L. (1986). Longitudinal data analysis using generalized linear "
        "models. Biometrika, 73(1), 13–22.",
    ),
    "dependability": (
        "Crits-Christoph, P., Gibbons, M. B. C., Hamilton, J., Ring-Kurtz, S., & Gallop, R. "
        "(2011). The dependability of alliance assessments: The alliance–outcome correlation is "
        "larger than you might think. Journal of Consulting and Clinical Psychology, 79(3), "
        "267–278.",
    ),
    "detrending": (
        "Wang, L. P., & Maxwell, S. E. (2015). On disaggregating between-person and within-person "
        "effects with longitudinal data using multilevel models. Psychological Methods, 20(1), "
        "63–83.",
    ),
    "cox": (
        "Cox, D. R. (1972). Regression models and life-tables. Journal of the Royal Statistical "
        "Society B, 34(2), 187–202.",
        "Andersen, P. K., & Gill, R. D. (1982). Cox's regression model for counting processes: A "
        "large sample study. Annals of Statistics, 10(4), 1100–1120.",
    ),
    "efron_ties": (
        "Efron, B. (1977). The efficiency of Cox's likelihood function for censored data. Journal "
        "of the American Statistical Association, 72(359), 557–565.",
    ),
    "breslow_ties": (
        "Breslow, N. (1974). Covariance analysis of censored survival data. Biometrics, 30(1), "
        "89–99.",
    ),
    "lin_wei": (
        "Lin, D. Y., & Wei, L. J. (1989). The robust inference for the Cox proportional hazards "
        "model. Journal of the American Statistical Association, 84(408), 1074–1078.",
    ),
    "recurrent_events": (
        "Prentice, R. L., Williams, B. J., & Peterson, A. V. (1981). On the regression analysis of "
        "multivariate failure time data. Biometrika, 68(2), 373–379.",
    ),
    "discrete_hazard": (
        "Prentice, R. L., & Gloeckler, L. A. (1978). Regression analysis of grouped survival data "
        "with application to breast cancer data. Biometrics, 34(1), 57–67.",
        "Singer, J. D., & Willett, J. B. (2003). Applied Longitudinal Data Analysis: Modeling "
        "Change and Event Occurrence. Oxford University Press.",
    ),
    "cox_deviations": (
        "Ripatti, S., & Palmgren, J. (2000). Estimation of multivariate frailty models using "
        "penalized partial likelihood. Biometrics, 56(4), 1016–1022.",
        "Therneau, T. M., Grambsch, P. M., & Pankratz, V. S. (2003). Penalized survival models and "
        "frailty. Journal of Computational and Graphical Statistics, 12(1), 156–175.",
    ),
    "cox_gamma": (
        "Klein, J. P. (1992). Semiparametric estimation of random effects using the Cox model "
        "based on the EM algorithm. Biometrics, 48(3), 795–806.",
        "Therneau, T. M., Grambsch, P. M., & Pankratz, V. S. (2003). Penalized survival models and "
        "frailty. Journal of Computational and Graphical Statistics, 12(1), 156–175.",
    ),
    "fine_gray": (
        "Fine, J. P., & Gray, R. J. (1999). A proportional hazards model for the subdistribution "
        "of a competing risk. Journal of the American Statistical Association, 94(446), 496–509.",
    ),
    "flueckiger": (
        "Flückiger, C., Del Re, A. C., Wampold, B. E., & Horvath, A. O. (2018). The alliance in "
        "adult psychotherapy: a meta-analytic synthesis. Psychotherapy, 55(4), 316–340.",
    ),
    "generalized_mixed": (
        "Breslow, N. E., & Clayton, D. G. (1993). Approximate inference in generalized linear "
        "mixed models. Journal of the American Statistical Association, 88(421), 9–25.",
    ),
    "glm": (
        "McCullagh, P., & Nelder, J. A. (1989). Generalized Linear Models (2nd ed.). Chapman and "
        "Hall.",
    ),
    "gray": (
        "Gray, R. J. (1988). A class of k-sample tests for comparing the cumulative incidence of a "
        "competing risk. Annals of Statistics, 16(3), 1141–1154.",
    ),
    "hybrid": (
        "Allison, P. D. (2009). Fixed Effects Regression Models. Sage.",
        "Neuhaus, J. M., & Kalbfleisch, J. D. (1998). Between- and within-cluster covariate "
        "effects in the analysis of clustered data. Biometrics, 54(2), 638–645.",
    ),
    "jacobson_truax": (
        "Jacobson, N. S., & Truax, P. (1991). Clinical significance: a statistical approach to "
        "defining meaningful change in psychotherapy research. Journal of Consulting and Clinical "
        "Psychology, 59(1), 12–19.",
    ),
    "kaplan_meier": (
        "Kaplan, E. L., & Meier, P. (1958). Nonparametric estimation from incomplete "
        "observations. Journal of the American Statistical Association, 53(282), 457–481.",
    ),
    "karver": (
        "Karver, M. S., De Nadai, A. S., Monahan, M., & Shirk, S. R. (2018). Meta-analysis of the "
        "prospective relation between alliance and outcome in child and adolescent psychotherapy. "
        "Psychotherapy, 55(4), 341–355.",
    ),
    "landmark": (
        "Anderson, J. R., Cain, K. C., & Gelber, R. D. (1983). Analysis of survival by tumor "
        "response. Journal of Clinical Oncology, 1(11), 710–719.",
    ),
    "median_ratio": (
        "Austin, P. C., Wagner, P., & Merlo, J. (2017). The median hazard ratio: A useful measure "
        "of variance and general contextual effects in multilevel survival analysis. Statistics "
        "in Medicine, 36(6), 928–938.",
    ),
    "laplace": (
        "Skaug, H. J., & Fournier, D. A. (2006). Automatic approximation of the marginal "
        "likelihood in non-Gaussian hierarchical models. Computational Statistics & Data "
        "Analysis, 51(2), 699–709.",
    ),
    "log_rank": (
        "Mantel, N. (1966). Evaluation of survival data and two new rank order statistics arising "
        "in its consideration. Cancer Chemotherapy Reports, 50(3), 163–170.",
    ),
    "mixed": MIXED,
    "mixed_model": MIXED,
    "nickell": (
        "Nickell, S. (1981). Biases in dynamic models with fixed effects. Econometrica, 49(6), "
        "1417–1426.",
    ),
    "ordinal": (
        "McCullagh, P. (1980). Regression models for ordinal data. Journal of the Royal "
        "Statistical Society, Series B, 42(2), 109–142.",
    ),
    "partial_correlation": (
        "Yule, G. U. (1907). On the theory of correlation for any number of variables, treated by "
        "a new system of notation. Proceedings of the Royal Society of London A, 79, 182–193.",
    ),
    "piecewise": (
        "Singer, J. D., & Willett, J. B. (2003). Applied Longitudinal Data Analysis: Modeling "
        "Change and Event Occurrence. Oxford University Press.",
    ),
    "profile": (
        "Venzon, D. J., & Moolgavkar, S. H. (1988). A method for computing "
        "profile-likelihood-based confidence intervals. Journal of the Royal Statistical Society, "
        "Series C, 37(1), 87–94.",
    ),
    "quadrature": (
        "Pinheiro, J. C., & Bates, D. M. (1995). Approximations to the log-likelihood function in "
        "the nonlinear mixed-effects model. Journal of Computational and Graphical Statistics, "
        "4(1), 12–35.",
    ),
    "random_slopes": (
        "Falkenström, F., Solomonov, N., & Rubel, J. A. (2020). Do therapist effects really impact "
        "estimates of within-patient mechanisms of change? A Monte Carlo simulation study. "
        "Psychotherapy Research. https://doi.org/10.1080/10503307.2020.1769875",
    ),
    "reml": (
        "Patterson, H. D., & Thompson, R. (1971). Recovery of inter-block information when block "
        "sizes are unequal. Biometrika, 58(3), 545–554.",
    ),
    "restricted_mean": (
        "Royston, P., & Parmar, M. K. B. (2013). Restricted mean survival time: An alternative to "
        "the hazard ratio for the design and analysis of randomized trials with a time-to-event "
        "outcome. BMC Medical Research Methodology, 13, 152.",
        "Andersen, P. K. (2013). Decomposition of number of life years lost according to causes of "
        "death. Statistics in Medicine, 32(30), 5278–5285.",
    ),
    "three_levels": (
        "Baldwin, S. A., Wampold, B. E., & Imel, Z. E. (2007). Untangling the alliance–outcome "
        "correlation: Exploring the relative importance of therapist and patient variability in "
        "the alliance. Journal of Consulting and Clinical Psychology, 75(6), 842–852.",
        "Brincks, A. M., Enders, C. K., Llabre, M. M., Bulotsky-Shearer, R. J., Prado, G., & "
        "Feaster, D. J. (2017). Centering predictor variables in three-level contextual models. "
        "Multivariate Behavioral Research, 52(2), 149–163.",
    ),
    "timing": (
        "Falkenström, F., Finkel, S., Sandell, R., Rubel, J. A., & Holmqvist, R. (2017). Dynamic "
        "models of individual change in psychotherapy process research. Journal of Consulting and "
        "Clinical Psychology, 85(6), 537–549.",
    ),
    "truth_and_bias": (
        "West, T. V., & Kenny, D. A. (2011). The truth and bias model of judgment. Psychological "
        "Review, 118(2), 357–378.",
    ),
    "weak_prior": (
        "Gelman, A., Jakulin, A., Pittau, M. G., & Su, Y.-S. (2008). A weakly informative default "
        "prior distribution for logistic and other regression models. Annals of Applied "
        "Statistics, 2(4), 1360–1383.",
    ),
    "wild_bootstrap": (
        "Kline, P., & Santos, A. (2012). A score based approach to wild bootstrap inference. "
        "Journal of Econometric Methods, 1(1), 23–41.",
        "Webb, M. D. (2023). Reworking wild bootstrap-based inference for clustered errors. "
        "Canadian Journal of Economics, 56(3), 839–858.",
    ),
    "wilson": (
        "Wilson, E. B. (1927). Probable inference, the law of succession, and statistical "
        "inference. Journal of the American Statistical Association, 22(158), 209–212.",
    ),
    "zimmermann": (
        "Zimmermann, D., Rubel, J., Page, A. C., & Lutz, W. (2017). Therapist effects on and "
        "predictors of non-consensual dropout in psychotherapy. Clinical Psychology & "
        "Psychotherapy, 24(2), 312–321. https://doi.org/10.1002/cpp.2022",
    ),
}


def references(keys: list[str]) -> list[str]:
    """Give the full references of some keys, each once, in alphabetical order.

    Raises
    ------
    InvalidInput
        A key without a reference: a method may not be cited by a name nobody can look up.

    Examples
    --------
    >>> references(["wilson", "wilson"])[0][:20]
    'Wilson, E. B. (1927)'
    """
    unknown = [key for key in dict.fromkeys(keys) if key not in SOURCES]
    if unknown:
        problems = [
            Problem(f"no reference is known for '{key}'", "the sources", nearest(key, SOURCES))
            for key in unknown
        ]
        raise InvalidInput(problems, source="the citations of a fit")
    return sorted({reference for key in keys for reference in SOURCES[key]})
